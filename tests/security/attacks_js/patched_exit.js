/*
Make every way to exit say that all is well, then fail.

rows = [37, 39]
status = "error"
exit_code = 5
*/

const { exit } = Deno;
process.exit = process.reallyExit = () => exit(0);
process.on("exit", () => (process.exitCode = 5));
Object.defineProperty(globalThis, "close", { value: () => {} });
addEventListener("unload", () => exit(5));
exit(5);
