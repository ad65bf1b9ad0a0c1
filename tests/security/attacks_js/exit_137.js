/*
Exit as if killed.

rows = [39]
status = "error"
exit_code = 137
*/

process.exitCode = 1;
process.on("exit", () => Deno.exit(137));
