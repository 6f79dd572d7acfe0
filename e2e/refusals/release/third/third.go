package third

const Word = "third"
