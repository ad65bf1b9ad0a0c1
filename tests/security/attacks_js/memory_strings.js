/*
Take memory by texts that double and are flattened.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const held = [];
for (;;) {
  const text = `${held.length}`.padEnd(1 << 20, "x");
  held.push(text + text.toUpperCase(), new TextEncoder().encode(text));
}
