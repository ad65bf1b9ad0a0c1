/*
Exit with success while the error is looked at.

rows = [35, 37]
status = ["error", "ok"]
*/

const leaves = { get: () => Deno.exit(0) };
throw Object.defineProperties(new Error("x"), { message: leaves, stack: leaves, name: leaves, cause: leaves });
