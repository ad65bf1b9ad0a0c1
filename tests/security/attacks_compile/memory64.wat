(;
/*
Use a feature that is off: memories of 64 bits.

rows = [46]
status = "error"
reason = "compile-failed"
*/
;)
(module (memory (export "memory") i64 1) (func (export "_start")))
