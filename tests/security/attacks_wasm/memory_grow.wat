(; The header is in the block comment below, as in C.
/*
Grow the memory page by page to the end, without using it.

rows = [24]
exit_code = 0
limits = { memory-mib = 64 }
*/
;)
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))))
