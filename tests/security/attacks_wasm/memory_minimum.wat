(;
/*
Demand all of the memory that there can be from the beginning.

rows = [24, 25]
status = ["error", "memory"]
limits = { memory-mib = 64 }
*/
;)
(module (memory (export "memory") 65536) (func (export "_start")))
