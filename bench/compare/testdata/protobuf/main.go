// Protobuf writes a message of google.golang.org/protobuf as text and back.
package main

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func main() {
	s, err := structpb.NewStruct(map[string]any{"a": 1, "b": []any{"x"}})
	if err != nil {
		panic(err)
	}
	wire, err := proto.Marshal(s)
	fmt.Println(protojson.Format(s), len(wire), err)
}
