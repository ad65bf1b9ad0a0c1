/*
Take memory by files, which are kept in memory, and by reading them.

rows = [24, 26]
status = ["memory", "disk"]
limits = { memory-mib = 192, disk-mib = 400 }
*/

const held = [];
for (let count = 0; ; count++) {
  Deno.writeFileSync(`file-${count}`, new Uint8Array(1 << 20).fill(1));
  held.push(Deno.readFileSync(`file-${count}`));
}
