/*
Ask for a kind of socket behind a flag, which ends the whole process.

rows = [10, 45]
status = "error"
*/

await Deno.connect({ transport: "vsock", cid: 2, port: 1 });
