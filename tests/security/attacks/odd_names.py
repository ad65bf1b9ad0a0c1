"""Leave files whose names are not text, fight terminals, or look like paths.

rows = [33, 34, 41]
"""

import os

for name in (
    b"\xff\xfe",
    b"\x1b[31mred",
    b"new\nline",
    b"-rf",
    b"..\\..\\windows",
    b"\xed\xa0\x80",
    b"~",
    b"$(id)",
    b"x" * 255,
):
    with open(name, "wb") as file:
        file.write(b"content")
os.makedirs(b"a/" + b"\xff/" + b"b")
result = {"tried": 9, "escaped": []}
