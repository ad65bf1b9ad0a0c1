/*
Write to stderr without end, and never a line.

rows = [32]
status = "output"
limits = { output-kib = 64 }
*/

const part = new Uint8Array(4096).fill(120);
for (;;) Deno.stderr.writeSync(part);
