/*
Make the report's pipe again, as a file and as a folder, for whoever opens it by its name.

rows = [36, 40, 41]
*/

import fs from "node:fs";

fs.writeFileSync("/box/report", JSON.stringify({ kind: "report", value: "forged" }));
fs.rmSync("/box/report");
fs.mkdirSync("/box/report");
fs.rmSync("/box/deno", { recursive: true, force: true });
({ tried: 1, escaped: [] });
