import { Worker as Thread } from "node:worker_threads";

const goesOn = "setInterval(() => console.log('late'), 50)";
new Worker(`data:text/javascript,${goesOn}`, { type: "module" });
new Thread(goesOn, { eval: true }).unref();
process.on("exit", () => setInterval(() => {}, 10));
done();
