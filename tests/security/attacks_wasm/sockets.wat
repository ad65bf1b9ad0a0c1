(;
/*
Accept, read, write and shut down sockets that nobody has opened.

rows = [8, 9, 10]
exit_code = 0
*/
;)
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $refused (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
  (func (export "_start") (local $number i32)
    (loop $more
      (call $refused (call $accept (local.get $number) (i32.const 0) (i32.const 64)))
      (call $refused (call $recv (local.get $number)
        (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 64) (i32.const 68)))
      (call $refused (call $send (local.get $number)
        (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 64)))
      (call $refused (call $shutdown (local.get $number) (i32.const 3)))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $number) (i32.const 512))))))
