/*
Throw an error with a message, a name and causes without end.

rows = [35]
status = ["error", "output", "memory"]
limits = { output-kib = 256, memory-mib = 256 }
*/

const error = new Error("x".repeat(1 << 24));
error.name = "N".repeat(1 << 20);
error.cause = new AggregateError(Array(1000).fill(error), "y".repeat(1 << 20), { cause: error });
Error.stackTraceLimit = Infinity;
throw error;
