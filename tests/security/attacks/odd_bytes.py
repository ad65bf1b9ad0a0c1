"""Write bytes that are not text: NUL, broken UTF-8, lone surrogates, escape sequences, combining marks.

rows = [33, 34]
"""

import os

os.write(
    1,
    b"nul\0 broken\xff\xfe\xc3( surrogate\xed\xa0\x80 escape\x1b]0;owned\x07\x1b[2J "
    + "e\u0301".encode() * 1000,
)
os.write(2, bytes(range(256)))
result = {"tried": 1, "escaped": [], "surrogate": "\ud800", "escape": "\x1b[31m"}
