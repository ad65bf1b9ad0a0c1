  (func (export "_start")
    (drop (call $environ_sizes_get (i32.const 40) (i32.const 44)))
    (if (i32.lt_u (i32.load (i32.const 44)) (i32.const 32768)) (then
      (drop (call $environ_get (i32.const 8192) (i32.const 65536)))
      (call $say (i32.const 65536) (i32.load (i32.const 44)))))
    (drop (call $args_sizes_get (i32.const 40) (i32.const 44)))
    (if (i32.lt_u (i32.load (i32.const 44)) (i32.const 32768)) (then
      (drop (call $args_get (i32.const 8192) (i32.const 65536)))
      (call $say (i32.const 65536) (i32.load (i32.const 44)))))
    (call $done)))
