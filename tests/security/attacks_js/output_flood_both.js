/*
Write to both streams without end and without waiting, by every way at once.

rows = [32, 24]
status = ["output", "memory"]
limits = { output-kib = 64, memory-mib = 256 }
*/

import { Worker as Thread } from "node:worker_threads";

const flood = "for (;;) console.log('flood'.repeat(99));";
new Worker(`data:text/javascript,${flood}`, { type: "module" });
new Thread(flood, { eval: true });
for (;;) {
  process.stdout.write("flood".repeat(99));
  process.stderr.write("flood".repeat(99));
  console.error("flood");
  await null;
}
