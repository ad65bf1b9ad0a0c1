/*
Change the guest code, the engine's binary, or anything else that is not the program's own.

rows = [5, 6]
*/

import fs from "node:fs";
import { attempt, outcome } from "./attempts.js";

const PLACES = [
  "/opt/tools/guest/javascript.js",
  "/opt/tools/deno/deno",
  "/etc/passwd",
  "/usr/lib/os-release",
  "/proc/self/mem",
  "/proc/self/oom_score_adj",
  "/proc/sys/kernel/core_pattern",
  "/proc/sysrq-trigger",
  "/sys/kernel/uevent_helper",
  "/dev/null",
  "/dev/mem",
  "/dev/shm/new",
  "/mnt/new",
  "/new",
];

for (const path of PLACES) {
  await attempt(`write ${path}`, () => Deno.writeTextFileSync(path, "x") ?? true);
  await attempt(`append to ${path}`, () => fs.appendFileSync(path, "x") ?? true);
  await attempt(`open ${path}`, () => Deno.openSync(path, { read: true, write: true }));
  await attempt(`remove ${path}`, () => Deno.removeSync(path) ?? true);
  await attempt(`change the mode of ${path}`, () => Deno.chmodSync(path, 0o777) ?? true);
  await attempt(`change the owner of ${path}`, () => Deno.chownSync(path, 0, 0) ?? true);
  await attempt(`shorten ${path}`, () => Deno.truncateSync(path) ?? true);
  await attempt(`touch ${path}`, () => Deno.utimeSync(path, 0, 0) ?? true);
  await attempt(`put a folder at ${path}`, () => Deno.mkdirSync(`${path}.d`) ?? true);
}
await attempt("be another user's", () => {
  Deno.writeTextFileSync("own", "x");
  fs.chownSync("own", 0, 0);
  return true;
});
outcome();
