  (func (export "_start") (local $number i32)
    (loop $more
      (call $show (local.get $number))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $number) (i32.const 1024))))
    (call $done)))
