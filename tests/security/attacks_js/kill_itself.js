/*
End itself by signals.

rows = [12, 39]
status = ["crashed", "denied", "timeout"]
limits = { wall-seconds = 2 }
*/

for (const name of ["SIGSEGV", "SIGSYS", "SIGXCPU", "SIGXFSZ", "SIGKILL"]) {
  try {
    process.kill(process.pid, name);
  } catch {
    // Refused.
  }
}
process.abort();
