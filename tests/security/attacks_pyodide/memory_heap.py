"""Take memory of the interpreter.

rows = [24]
status = "memory"
limits = { memory-mib = 256 }
"""

held = []
while True:
    held.append(bytearray(b"x") * (1 << 20))
