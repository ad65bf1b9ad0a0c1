/*
Write lines without end.

rows = [32]
status = "output"
limits = { output-kib = 64 }
*/

for (;;) console.log("flood");
