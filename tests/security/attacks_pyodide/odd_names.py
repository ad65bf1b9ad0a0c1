"""Leave files whose names fight terminals, or look like paths.

rows = [33, 34, 41]
"""

import os

for name in ("\x1b[31mred", "new\nline", "-rf", "..\\..\\windows", "~", "$(id)", "x" * 255):
    with open(name, "wb") as file:
        file.write(b"content")
os.makedirs("a/.../b")
result = {"tried": 8, "escaped": []}
