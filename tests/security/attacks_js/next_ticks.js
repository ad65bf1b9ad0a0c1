/*
Never give the event loop a turn: each tick of node makes the next.

rows = [27, 50]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
*/

setTimeout(() => Deno.exit(0), 1);
process.nextTick(function again() {
  process.nextTick(again);
});
