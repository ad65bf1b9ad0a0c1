(;
/*
Grow a table without end: its elements are memory of the process, not of the module.

rows = [24, 25]
exit_code = 0
limits = { memory-mib = 64 }
*/
;)
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "_start")
    (loop $more
      (br_if $more
        (i32.ne (table.grow $table (ref.null func) (i32.const 65536)) (i32.const -1))))))
