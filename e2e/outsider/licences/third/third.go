// Package words is one of others.
package words

// Word is what it is about.
const Word = "word"
