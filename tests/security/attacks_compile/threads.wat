(;
/*
Use a feature that is off: shared memory.

rows = [46]
status = "error"
reason = "compile-failed"
*/
;)
(module (memory (export "memory") 1 1 shared) (func (export "_start")))
