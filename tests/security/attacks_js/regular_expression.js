/*
Stay in one call of the engine without end.

rows = [27, 28]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
*/

/^(a+)+$/.test(`${"a".repeat(64)}b`);
