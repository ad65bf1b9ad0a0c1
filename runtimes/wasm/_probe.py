"""Prove once that a module has nothing but its folder and its limits, whatever the jail would hide."""

import msgspec

from engine import Result

#: Exports `check`, which returns a number for each name in `CHECKS`: not zero if it held.
PROBE = """
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (data (i32.const 0) ".../tmpbox")
  (func $opens (param $text i32) (param $length i32) (result i32)
    (i32.eqz (call $path_open (i32.const 3) (i32.const 0) (local.get $text) (local.get $length)
      (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 64))))
  (func (export "check") (result i32 i32 i32 i32 i32 i32)
    (call $opens (i32.const 0) (i32.const 1))
    (i32.eqz (i32.or (call $opens (i32.const 1) (i32.const 6)) (call $opens (i32.const 7) (i32.const 3))))
    (i32.ne (call $prestat (i32.const 4) (i32.const 64)) (i32.const 0))
    (i32.eqz (i32.or (call $sizes (i32.const 64) (i32.const 68)) (i32.load (i32.const 64))))
    (i32.eq (memory.grow (i32.const 8192)) (i32.const -1))
    (i32.eq (table.grow (ref.null func) (i32.const 0x200000)) (i32.const -1))))
"""
CHECKS = (
    "the working folder can be opened",
    "nothing above the working folder can be opened",
    "there is one folder",
    "no variable is inherited",
    "the memory of a module is limited",
    "the tables of a module are limited",
)


def checked(result: Result) -> Result:
    """Return the result of a probe with its numbers as checks by name."""
    if not isinstance(result.value, list) or len(result.value) != len(CHECKS):
        return result
    checks = {name: held == 1 for name, held in zip(CHECKS, result.value, strict=True)}
    return msgspec.structs.replace(result, value=checks)
