/*
Call oneself without end, in every way that does not use the processor up.

rows = [45]
status = "error"
reason = "exit-nonzero"
*/

function again(depth) {
  return again(depth + 1) + 1;
}
const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
for (const overflow of [() => JSON.parse(nested), () => new RegExp("(".repeat(1e6)), () => eval(nested)]) {
  try {
    overflow();
  } catch {
    // As it should be.
  }
}
again(0);
