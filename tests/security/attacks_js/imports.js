/*
Load modules from where none may come, at run time.

rows = [2, 8, 11]
*/

import { addresses, attempt, outcome, saidByWorker } from "./attempts.js";

const FILE = Deno.env.get("CANARY_FILE");
const PORT = Deno.env.get("CANARY_PORT");
const FOREIGN = [
  `file://${FILE}`,
  FILE,
  "../".repeat(40) + FILE.slice(1),
  `file:///box/work/${"../".repeat(9)}${FILE.slice(1)}`,
  "file:///opt/tools/guest/javascript.js",
  "file:///proc/self/environ",
  `http://127.0.0.1:${PORT}/module.js`,
  `https://127.0.0.1:${PORT}/module.js`,
  "https://deno.land/std/version.ts",
  "jsr:@std/assert",
  "npm:lodash-es",
  "npm:lodash-es@4/add.js",
  "asset:///lib.deno_core.d.ts",
  "ext:core/mod.js",
  "ext:deno_node/internal_binding/util.ts",
];
const ATTRIBUTES = ["", 'with { type: "text" }', 'with { type: "json" }', 'with { type: "bytes" }'];

for (const specifier of FOREIGN) {
  for (const attribute of ATTRIBUTES) {
    const options = attribute && { with: { type: attribute.match(/"(.*)"/)[1] } };
    await attempt(`import ${specifier} ${attribute}`, () => import(specifier, options));
    const name = JSON.stringify(specifier);
    const sources = {
      static: `import * as all from ${name} ${attribute}; export { all }; globalThis.postMessage?.("loaded");`,
      exported: `export * from ${name} ${attribute}; globalThis.postMessage?.("loaded");`,
      late: `const all = await import(${name}); export { all }; globalThis.postMessage?.("loaded");`,
    };
    for (const [way, source] of Object.entries(sources)) {
      for (const [kind, address] of Object.entries(addresses(source))) {
        await attempt(`${way} in ${kind}: ${specifier} ${attribute}`, () => import(address));
      }
    }
    await attempt(`worker with ${specifier} ${attribute}`, () => saidByWorker(addresses(sources.static).data));
  }
}
await attempt("a module that was written", async () => {
  const path = "/box/work/written.js";
  Deno.writeTextFileSync(path, `import text from "file://${FILE}" with { type: "text" }; export { text };`);
  return (await import(`file://${path}`)).text;
});
await attempt("a worker that was written", () => {
  const path = "/box/work/worker.js";
  Deno.writeTextFileSync(path, `import t from "file://${FILE}" with { type: "text" }; postMessage(t);`);
  return saidByWorker(`file://${path}`);
});
await attempt("resolve a package", () => import.meta.resolve("npm:lodash-es") && false);
outcome();
