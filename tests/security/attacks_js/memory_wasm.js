/*
Take memory of WebAssembly.

rows = [24, 46]
status = "memory"
limits = { memory-mib = 192 }
*/

const held = [];
for (;;) {
  const memory = new WebAssembly.Memory({ initial: 256 });
  new Uint8Array(memory.buffer).fill(1);
  held.push(memory);
}
