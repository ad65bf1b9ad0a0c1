  (func (export "_start") (local $count i32)
    (call $done)
    (; Bounded, should there be no limit: 1024 times 16 KiB are 16 MiB. ;)
    (loop $more
      (call $say (i32.const 65536) (i32.const 16384))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $count) (i32.const 1024))))))
