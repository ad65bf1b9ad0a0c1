/*
Read what belongs to the host, by path, through every door there is to files.

rows = [1, 13]
*/

import fs from "node:fs";
import { createRequire } from "node:module";
import v8 from "node:v8";
import { attempt, outcome, saidByWorker } from "./attempts.js";

const { CANARY_FILE, CANARY_HOME_FILE } = Deno.env.toObject();
const OUTSIDE = [CANARY_FILE, CANARY_HOME_FILE, "/proc/self/environ", "/proc/1/environ", "/etc/passwd"];

for (const path of OUTSIDE) {
  await attempt(`Deno reads ${path}`, () => Deno.readTextFileSync(path));
  await attempt(`Deno reads ${path} later`, () => Deno.readTextFile(path));
  await attempt(`Deno opens ${path}`, () => Deno.openSync(path));
  await attempt(`Deno looks at ${path}`, () => Deno.statSync(path));
  await attempt(`Deno copies ${path}`, () => Deno.copyFileSync(path, "copy") ?? true);
  await attempt(`Deno moves ${path}`, () => Deno.renameSync(path, "moved") ?? true);
  await attempt(`Deno watches ${path}`, () => Deno.watchFs(path));
  await attempt(`by an address: ${path}`, () => Deno.readTextFileSync(new URL(`file://${path}`)));
  await attempt(`by climbing: ${path}`, () => Deno.readTextFileSync("../".repeat(40) + path));
  await attempt(`through the root of process 1: ${path}`, () => Deno.readTextFileSync(`/proc/1/root${path}`));
  await attempt(`through our own root: ${path}`, () => Deno.readTextFileSync(`/proc/self/root${path}`));
  await attempt(`fs reads ${path}`, () => fs.readFileSync(path));
  await attempt(`fs streams ${path}`, () => fs.createReadStream(path).toArray());
  await attempt(`fs opens ${path}`, () => fs.openSync(path));
  await attempt(`fs copies ${path}`, () => fs.cpSync(path, "copy") ?? true);
  await attempt(`fs tells the truth about ${path}`, () => fs.existsSync(path));
  await attempt(`fetch ${path}`, async () => (await fetch(`file://${path}`)).text());
  await attempt(`require ${path}`, () => createRequire("/box/work/main.js")(path));
  await attempt(`require beside ${path}`, () => createRequire(path)("./passwd.json"));
  await attempt(`as variables: ${path}`, () => process.loadEnvFile(path) ?? true);
  await attempt(`database in ${path}`, async () => new (await import("node:sqlite")).DatabaseSync(path));
  await attempt(`heap snapshot to ${path}`, () => v8.writeHeapSnapshot(`${path}.heap`));
}
await attempt("a worker from a file", () => saidByWorker(`file://${CANARY_FILE}`));
for (const path of ["/", "/root", "/home", "/etc", "/proc", "/sys", "/dev", "/opt", "/run", "/usr/lib"]) {
  await attempt(`list ${path}`, () => [...Deno.readDirSync(path)].length);
  await attempt(`fs lists ${path}`, () => fs.readdirSync(path).length);
  await attempt(`go to ${path}`, () => Deno.chdir(path) ?? true);
}
for (const name of fs.readdirSync("/box", { recursive: true })) {
  await attempt(`a secret in ${name}`, () => fs.readFileSync(`/box/${name}`).includes(secret()));
}

function secret() {
  return [...Deno.env.get("CANARY_TEXT_REVERSED")].reverse().join("");
}

outcome();
