package a

import _ "example.com/refusals/cgo_only/c"
