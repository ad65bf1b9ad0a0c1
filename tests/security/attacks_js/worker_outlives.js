/*
Leave a worker and a thread that go on when the program has ended.

rows = [29, 30, 31]
status = ["ok", "timeout"]
limits = { wall-seconds = 1 }
*/

import { Worker as Thread } from "node:worker_threads";

const goesOn = "setInterval(() => console.log('late'), 10)";
new Worker(`data:text/javascript,${goesOn}`, { type: "module" });
new Thread(goesOn, { eval: true }).unref();
