  (func (export "_start") (local $count i64)
    (call $done)
    (; Bounded, should there be no limit. ;)
    (loop $more
      (local.set $count (i64.add (local.get $count) (i64.const 1)))
      (br_if $more (i64.lt_u (local.get $count) (i64.const 10000000000))))))
