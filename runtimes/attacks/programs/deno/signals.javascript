// The canary alone: a signal to everybody would harm the machine if it got through.
await attempt("Deno kills", () => Deno.kill(PID, "SIGKILL"));
await attempt("node kills", () => process.kill(PID, "SIGKILL"));
await attempt("node kills its group", () => process.kill(-PID, "SIGKILL"));
done();
