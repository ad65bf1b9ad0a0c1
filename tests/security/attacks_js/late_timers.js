/*
Go on after the last line, for ever, whatever listens to the end.

rows = [28, 31]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 1 }
*/

addEventListener("beforeunload", (event) => event.preventDefault());
addEventListener("unload", () => setInterval(() => {}, 10));
process.on("beforeExit", () => setTimeout(() => {}, 10));
process.on("exit", () => setInterval(() => {}, 10));
setInterval(() => console.log("late"), 100);
"the last line";
