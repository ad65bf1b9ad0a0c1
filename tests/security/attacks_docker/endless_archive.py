"""Send an archive with more in it than the file system holds, without an end.

rows = [32, 41, 42]
status = "disk"
reason = "disk-bytes"
limits = { disk-mib = 4, wall-seconds = 60 }
"""

import os

text = open("/tmp/.isorun/start").read()
block = bytearray(512)
block[0:1] = b"a"
block[124:136] = b"77777777777\0"
block[148:156] = b" " * 8
block[156:157] = b"0"
block[148:156] = b"%06o\0 " % sum(block)
os.write(1, f"isorun-{text.split('isorun-')[1][:32]} ended 0 0 1 1\n".encode() + bytes(block))
while True:
    os.write(1, bytes(65536))
