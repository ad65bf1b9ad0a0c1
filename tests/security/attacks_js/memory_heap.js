/*
Take memory of the engine's heap.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const held = [];
for (;;) held.push({ number: held.length, text: `${held.length}`, list: [held.length] });
