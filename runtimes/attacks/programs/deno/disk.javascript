done();
// Bounded, should there be no limit.
try {
  for (let count = 0; count < 32; count++) Deno.writeFileSync(`file-${count}`, new Uint8Array(1 << 20));
} catch {
  Deno.exit(1);
}
