package c

func Two() int { return 2 }
