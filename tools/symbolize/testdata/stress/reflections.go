package main

import (
	"fmt"
	"reflect"
)

// reflections prints what panics of package reflect say. Many name the method that
// was called, which reflect finds by the names of the frames on the stack.
func reflections() {
	type hidden struct{ n int }
	number, text := reflect.ValueOf(1), reflect.ValueOf("text")
	field := reflect.ValueOf(hidden{1}).Field(0)
	slice := reflect.ValueOf(make([]int, 1, 2))
	for i, f := range []func(){
		func() { number.Bool() },
		func() { text.Int() },
		func() { number.Len() },
		func() { number.Grow(1) },
		func() { slice.Grow(1) },
		func() { slice.SetLen(2) },
		func() { slice.Index(0).SetFloat(1) },
		func() { number.SetInt(2) },
		func() { field.SetInt(2) },
		func() { field.Interface() },
		func() { field.Set(number) },
		func() { number.Set(field) },
		func() { number.Call(nil) },
		func() { number.MapKeys() },
		func() { number.MapIndex(text) },
		func() { number.MapRange() },
		func() { number.SetMapIndex(text, text) },
		func() { number.Field(0) },
		func() { number.FieldByName("n") },
		func() { number.NumField() },
		func() { number.Close() },
		func() { number.Send(text) },
		func() { number.Recv() },
		func() { number.Complex() },
		func() { text.Float() },
		func() { text.Uint() },
		func() { text.IsNil() },
		func() { text.Bytes() },
		func() { text.Elem() },
		func() { text.Slice(2, 9) },
		func() { number.Slice3(0, 1, 2) },
		func() { text.SetString("x") },
		func() { text.Convert(reflect.TypeFor[int]()) },
		func() { reflect.Value{}.Type() },
		func() { reflect.Value{}.Kind(); reflect.Value{}.Len() },
		func() { reflect.Value{}.Method(0) },
		func() { reflect.Value{}.SetBool(true) },
		func() { reflect.Append(number, number) },
		func() { reflect.Copy(number, number) },
		func() { reflect.ValueOf(func() { reflect.Append(number, number) }).Call(nil) },
		func() { reflect.ValueOf(reflect.Value.Bool).Call([]reflect.Value{reflect.ValueOf(number)}) },
		func() { reflect.ValueOf(number).MethodByName("Len").Call(nil) },
		func() {
			for range number.Seq2() {
			}
		},
		func() { number.Clear() },
		func() { number.TrySend(text) },
		func() { number.OverflowFloat(1) },
		func() { number.Pointer() },
		func() { number.UnsafeAddr() },
		func() { number.CanConvert(nil) },
	} {
		fmt.Println("reflect", i, deferred(f))
	}
}
