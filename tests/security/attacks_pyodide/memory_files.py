"""Fill folders that exist in the interpreter's memory alone.

rows = [24, 26]
status = ["memory", "disk", "error"]
limits = { memory-mib = 256 }
"""

with open("/home/file", "wb") as file:
    while True:
        file.write(b"x" * (1 << 20))
