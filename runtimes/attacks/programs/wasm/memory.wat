  (func (export "_start") (local $page i32)
    (call $done)
    (; Bounded, should there be no limit: 8192 pages are 512 MiB. ;)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then (call $proc_exit (i32.const 1))))
      (memory.fill (i32.shl (local.get $page) (i32.const 16)) (i32.const 1) (i32.const 65536))
      (br_if $more (i32.lt_u (local.get $page) (i32.const 8192))))))
