/*
Start threads without end.

rows = [23, 24]
status = ["pids", "memory", "error", "crashed"]
limits = { pids = 8, memory-mib = 512 }
*/

for (;;) {
  new Worker("data:text/javascript,setInterval(() => {}, 1000)", { type: "module" });
  await new Promise((resolve) => setTimeout(resolve, 1));
}
