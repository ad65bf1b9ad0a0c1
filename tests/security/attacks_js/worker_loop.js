/*
Use the processor without end in threads, while the main one waits.

rows = [23, 27]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
*/

for (let count = 0; count < 4; count++) {
  new Worker("data:text/javascript,for (;;);", { type: "module" });
}
