"""Leave everything that is not a plain file, pointing at what is not ours.

rows = [41, 42]
"""

import os
import socket

target = os.environ["CANARY_FILE"]
os.symlink(target, "link")
os.symlink("/etc/passwd", "guest-link")
os.symlink(".", "loop")
os.symlink("/", "root")
os.mkfifo("fifo")
socket.socket(socket.AF_UNIX).bind("socket")
with open("original", "wb") as file:
    file.write(b"twice")
os.link("original", "hard")
os.mkdir("closed", 0)
with open("unreadable", "wb") as file:
    file.write(b"mine")
os.chmod("unreadable", 0)
with open("bomb.tar", "wb") as file:
    file.write(b"../../escape\0" + bytes(499))
result = {"tried": 1, "escaped": []}
