// Command licences is linked from three modules.
package main

import (
	"fmt"

	"github.com/google/uuid"

	words "example.com/third/words"
)

func main() {
	fmt.Println(words.Word, uuid.NewSHA1(uuid.NameSpaceDNS, []byte(words.Word)))
}
