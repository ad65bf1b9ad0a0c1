/*
Fill the disk with bytes.

rows = [26]
status = "disk"
reason = "disk-bytes"
limits = { disk-mib = 4 }
*/

const part = new Uint8Array(1 << 16).fill(1);
for (;;) Deno.writeFileSync("file", part, { append: true });
