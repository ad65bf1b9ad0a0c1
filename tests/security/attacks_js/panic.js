/*
Break the runtime by one of its own operations, so that it ends in the middle.

rows = [7, 45]
status = ["crashed", "denied", "error"]
*/

const { ops } = Deno[Deno.internal].core;
for (const name of Object.keys(ops).filter((one) => /^[A-Z]/.test(one))) {
  try {
    ops[name]();
  } catch {
    // The next one may do it.
  }
}
process.abort();
