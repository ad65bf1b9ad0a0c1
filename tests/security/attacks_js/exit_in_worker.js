/*
Exit from a worker, which ends itself alone, or all; never with another's success.

rows = [39, 45]
status = "error"
exit_code = 9
*/

const worker = new Worker("data:text/javascript,Deno.exit(0)", { type: "module" });
worker.onerror = (event) => event.preventDefault();
await new Promise((resolve) => setTimeout(resolve, 300));
Deno.exit(9);
