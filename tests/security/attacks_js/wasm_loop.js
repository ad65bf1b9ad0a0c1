/*
Loop in WebAssembly, which nothing in the language interrupts.

rows = [27, 28, 46]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.5 }
*/

// (module (func (loop (br 0))) (start 0))
const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11];
new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
