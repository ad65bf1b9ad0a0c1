(;
/*
Use a feature that is off: a second memory beside the one that is limited.

rows = [24, 46]
status = "error"
reason = "compile-failed"
*/
;)
(module (memory (export "memory") 1) (memory 65536) (func (export "_start")))
