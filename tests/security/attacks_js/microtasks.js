/*
Never give the event loop a turn: each microtask makes the next.

rows = [27, 50]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
*/

const again = () => Promise.resolve().then(again);
setTimeout(() => Deno.exit(0), 1);
await again();
await new Promise(() => setInterval(() => {}, 1000));
