/*
Leave files that are far larger than what they hold.

rows = [41]
status = ["ok", "disk", "error", "crashed"]
*/

for (const size of [60 * 2 ** 20, 2 ** 40]) {
  Deno.openSync(`sparse-${size}`, { create: true, write: true }).truncateSync(size);
}
