/*
Change everything that the guest code could use after the program, then fail.

rows = [37]
status = ["error", "timeout"]
limits = { cpu-seconds = 1 }
*/

const nothing = () => {};
const lies = { get: () => nothing, has: () => true, ownKeys: () => [], set: () => true };
for (const name of ["JSON", "Map", "Set", "Promise", "TextEncoder", "Error", "Reflect", "Uint8Array", "Array", "String"]) {
  const original = globalThis[name];
  for (const key of Object.getOwnPropertyNames(original.prototype ?? original)) {
    if (key === "constructor") continue;
    try {
      (original.prototype ?? original)[key] = nothing;
    } catch {
      // Not to be written.
    }
  }
  globalThis[name] = new Proxy(nothing, lies);
}
for (const key of ["exit", "args", "stdout", "stderr", "stdin", "env", "inspect"]) {
  try {
    Object.defineProperty(Deno, key, { value: nothing });
  } catch {
    // Not to be changed.
  }
}
console.log = console.error = nothing;
Object.defineProperty(Object.prototype, "error", { get: () => null, set: nothing });
Object.defineProperty(Object.prototype, "then", { get: () => undefined });
throw 1;
