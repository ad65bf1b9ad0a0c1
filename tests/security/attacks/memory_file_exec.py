"""Execute a program from memory: allowed, and no stronger than any other.

rows = [14, 15]
"""

import ctypes
import os
import struct

from attempts import attempt, outcome, survives


def elf(code):
    """Make the smallest 64-bit executable around machine code."""
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    size = 120 + len(code)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000) + code


#: setuid(0); exit(result != 0)
_SET_UID = bytes.fromhex("31ffb8690000000f0531ff85c0400f95c7b83c0000000f05")
#: int 0x80 (32-bit getpid); exit(0)
_INT_80 = bytes.fromhex("b814000000cd8031ffb83c0000000f05")


def executes(code):
    descriptor = os.memfd_create("program")
    os.write(descriptor, elf(code))
    ctypes.CDLL(None).fexecve(
        descriptor, (ctypes.c_char_p * 2)(b"program", None), (ctypes.c_char_p * 1)(None)
    )
    os._exit(9)


attempt("become root in a program of its own", survives, lambda: executes(_SET_UID))
attempt("int 0x80 in a program of its own", survives, lambda: executes(_INT_80))
result = outcome()
