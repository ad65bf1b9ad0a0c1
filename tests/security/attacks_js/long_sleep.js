/*
Wait without end, in a call that cannot be interrupted.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
*/

for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e9);
