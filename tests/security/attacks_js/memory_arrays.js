/*
Take memory outside of the heap.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const held = [];
for (;;) held.push(new Uint8Array(1 << 20).fill(1));
