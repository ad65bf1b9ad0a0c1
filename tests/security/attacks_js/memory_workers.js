/*
Take memory in a worker, whose heap nobody limits.

rows = [24, 45]
status = "memory"
limits = { memory-mib = 192 }
*/

const bomb = "const held = []; for (;;) held.push(new Uint8Array(1 << 20).fill(1));";
new Worker(`data:text/javascript,${encodeURIComponent(bomb)}`, { type: "module" });
