/*
Take memory that threads share.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const held = [];
for (;;) held.push(new Uint8Array(new SharedArrayBuffer(1 << 20)).fill(1));
