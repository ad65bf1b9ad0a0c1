/*
Leave files whose names fight terminals, or look like paths.

rows = [33, 34, 41]
*/

import { mkdirSync, writeFileSync } from "node:fs";

for (const name of ["\x1b[31mred", "new\nline", "-rf", "..\\..\\windows", "~", "$(id)", "x".repeat(255), "\u202etxt"]) {
  writeFileSync(name, "content");
}
mkdirSync("a/...", { recursive: true });
writeFileSync("a/.../__proto__", "content");
({ tried: 9, escaped: [] });
