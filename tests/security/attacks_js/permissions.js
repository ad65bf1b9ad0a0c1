/*
Get permissions back: by asking, by giving them to a worker, by new contexts.

rows = [2, 15, 37]
*/

import vm from "node:vm";
import { addresses, attempt, outcome, saidByWorker } from "./attempts.js";

const FILE = JSON.stringify(Deno.env.get("CANARY_FILE"));
const READS = `Deno.readTextFileSync(${FILE})`;
const DESCRIPTORS = ["run", "net", "ffi", "sys", "import", "read", "write", "env"].map((name) => ({ name }));

for (const descriptor of DESCRIPTORS.slice(0, -1)) {
  const { name } = descriptor;
  await attempt(`have ${name}`, async () => (await Deno.permissions.query(descriptor)).state === "granted");
  await attempt(`ask for ${name}`, async () => (await Deno.permissions.request(descriptor)).state === "granted");
  await attempt(`ask at once for ${name}`, () => Deno.permissions.requestSync(descriptor).state === "granted");
}
await attempt("ask for all files", () => Deno.permissions.requestSync({ name: "read", path: "/" }).state === "granted");
await attempt("node knows better", () => process.permission?.has?.("fs.read", "/") ?? false);
await attempt("another context", () => vm.runInNewContext(`this.constructor.constructor("return Deno")()`) && vm.runInNewContext(READS, { Deno }));
await attempt("a context of its own", () => vm.runInThisContext(READS));
await attempt("a function from text", () => new Function(`return ${READS}`)());
await attempt("indirect eval", () => (0, eval)(READS));
await attempt("a WebAssembly import", async () => {
  // Imports one function and calls it when it starts.
  const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 97, 1, 98, 0, 0, 8, 1, 0]);
  let read;
  await WebAssembly.instantiate(bytes, { a: { b: () => (read = (0, eval)(READS)) } });
  return read;
});
await attempt("an iterator's constructor", () => (function* () {}).constructor(`yield ${READS}`)().next().value);
for (const [kind, address] of Object.entries(addresses(`postMessage(${READS})`))) {
  await attempt(`a ${kind} worker reads`, () => saidByWorker(address));
}
await attempt("a worker in a worker", () => {
  const inner = addresses(`postMessage(${READS})`).data;
  const outer = `const w = new Worker(${JSON.stringify(inner)}, { type: "module" }); w.onmessage = (e) => postMessage(e.data);`;
  return saidByWorker(addresses(outer).data);
});
await attempt("a thread", async () => {
  const { Worker: Thread } = await import("node:worker_threads");
  const source = `require("node:worker_threads").parentPort.postMessage(require("node:fs").readFileSync(${FILE}, "utf8"))`;
  return new Promise((resolve, reject) => new Thread(source, { eval: true }).on("message", resolve).on("error", reject));
});
await attempt("flags of the engine", async () => {
  (await import("node:v8")).setFlagsFromString("--allow-natives-syntax");
  return eval(READS);
});
await attempt("variables of the loader", () => {
  for (const name of ["NODE_OPTIONS", "DENO_PERMISSIONS", "LD_PRELOAD"]) Deno.env.set(name, "--allow-all");
  return Deno.readTextFileSync(JSON.parse(FILE));
});
outcome();
