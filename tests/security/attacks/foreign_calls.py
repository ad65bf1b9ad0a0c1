"""Make system calls by other doors of the processor, which a filter for native numbers does not see.

rows = [15]
"""

import ctypes
import errno
import mmap

from attempts import attempt, outcome, survives, system_call

_X32 = 0x40000000
#: mov eax, 20 (getpid of 32 bits); int 0x80; ret
_INT_80 = bytes.fromhex("b814000000cd80c3")
#: mov eax, 20; sysenter; ret
_SYSENTER = bytes.fromhex("b8140000000f34c3")


def runs(code):
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    value = ctypes.CFUNCTYPE(ctypes.c_long)(address)()
    # A refusal is a small negative number.
    return value > 0


def by_x32(number):
    try:
        return system_call(_X32 | number) >= 0
    except OSError as error:
        return error.errno not in (errno.ENOSYS, errno.EPERM)


attempt("int 0x80", survives, lambda: runs(_INT_80))
attempt("sysenter", survives, lambda: runs(_SYSENTER))
for number in (39, 101, 272, 41, 59):
    attempt(f"x32 call {number}", survives, lambda number=number: by_x32(number))
for number in (512, 513, 520, 521, 545, 546):
    attempt(f"x32 call of its own {number}", survives, lambda number=number: by_x32(number))
attempt("a negative number", survives, lambda: system_call(-1) >= 0)
attempt("ptrace behind high bits", survives, lambda: system_call((1 << 32) | 101, 0, 0, 0, 0) >= 0)
attempt("a number that does not exist", survives, lambda: system_call(999) >= 0)
result = outcome()
