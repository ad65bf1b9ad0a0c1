/*
Look for secrets of the engine in everything that the process was given.

rows = [13]
*/

import v8 from "node:v8";
import { attempt, outcome } from "./attempts.js";

// `DENO_NODE_SHIM_ACTIVE` is set by Deno once a program has used something of Node.
const EXPECTED = /^(DENO_NODE_SHIM_ACTIVE|HOME|PATH|TMPDIR|LANG|LC_ALL|USER|CANARY_.*)$/;
const pattern = /engine-secret-[0-9a-f]{32}/;

await attempt("more variables than planned", () => Object.keys(Deno.env.toObject()).filter((name) => !EXPECTED.test(name)).join());
await attempt("more variables of node", () => Object.keys(process.env).filter((name) => !EXPECTED.test(name)).join());
await attempt("the engine's variable", () => Deno.env.get("TEST_ENGINE_SECRET"));
await attempt("arguments of the process", () => [...Deno.args, ...process.argv.slice(2)].join());
await attempt("options of the process", () => pattern.test(process.execArgv.join()));
await attempt("names in global objects", () => Object.getOwnPropertyNames(globalThis).filter((name) => /canary|secret|isorun/i.test(name)).join());
await attempt("the rest of the input", () => Deno.readTextFileSync("/dev/stdin"));
await attempt("our own heap", async () => {
  v8.writeHeapSnapshot("/box/tmp/heap");
  return pattern.test(Deno.readTextFileSync("/box/tmp/heap"));
});
await attempt("the process from outside", () => Deno.readTextFileSync("/proc/self/environ"));
outcome();
