/*
Leave what is not a plain file, or belongs to two names.

rows = [41, 42]
*/

import fs from "node:fs";

const { CANARY_FILE } = Deno.env.toObject();
for (const make of [
  () => fs.symlinkSync(CANARY_FILE, "link"),
  () => Deno.symlinkSync("/", "root"),
  () => fs.linkSync("/proc/self/environ", "variables"),
]) {
  try {
    make();
  } catch {
    // Refused.
  }
}
fs.writeFileSync("original", "twice");
fs.linkSync("original", "hard");
fs.mkdirSync("closed", 0);
fs.writeFileSync("unreadable", "mine", { mode: 0 });
fs.writeFileSync("bomb.tar", "../../escape\0");
({ tried: 1, escaped: [] });
