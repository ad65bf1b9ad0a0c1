/*
Listen to every signal that can be listened to, then wait.

rows = [28]
status = "timeout"
limits = { wall-seconds = 0.5 }
*/

for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGXCPU", "SIGALRM"]) {
  for (const listen of [() => Deno.addSignalListener(name, () => {}), () => process.on(name, () => {})]) {
    try {
      listen();
    } catch {
      // It may not be listened to.
    }
  }
}
setInterval(() => {}, 1000);
