"""Leave many sparse files, each a terabyte to whoever reads it.

rows = [41]
limits = { file-count = 2048, artifact-mib = 32, wall-seconds = 20 }
"""

for number in range(500):
    with open(f"sparse-{number}", "wb") as file:
        # The limit on file size is one of the disk, so this is as large as it gets.
        file.truncate(48 << 20)
result = {"tried": 1, "escaped": []}
