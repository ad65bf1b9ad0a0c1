done();
// Bounded, should there be no limit.
const held = [];
try {
  for (let count = 0; count < 512; count++) held.push(new Uint8Array(1 << 20).fill(1));
} catch {
  Deno.exit(1);
}
