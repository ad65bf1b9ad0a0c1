/*
Ask for a worker with more permissions: an option that ends the whole process.

rows = [2, 45]
status = ["ok", "error", "crashed"]
*/

import { addresses, attempt, outcome } from "./attempts.js";

const reads = `postMessage(Deno.readTextFileSync(${JSON.stringify(Deno.env.get("CANARY_FILE"))}))`;
for (const permissions of ["inherit", "none", { read: true }, { run: true, net: true, ffi: true }]) {
  await attempt(`a worker with ${JSON.stringify(permissions)}`, () => {
    const options = { type: "module", deno: { permissions } };
    const worker = new Worker(addresses(reads).data, options);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => event.preventDefault() ?? reject(event);
    });
  });
}
outcome();
