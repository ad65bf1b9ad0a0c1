for (const name of ["run", "net", "ffi", "sys", "import"]) {
  await escapes(`have ${name}`, async () => (await Deno.permissions.query({ name })).state === "granted");
  await escapes(`ask for ${name}`, () => Deno.permissions.requestSync({ name }).state === "granted");
}
await escapes("ask for all files", () => Deno.permissions.requestSync({ name: "read", path: "/" }).state === "granted");
await escapes("load a library", () => Deno.dlopen("libc.so.6", {}) && true);
await escapes("a pointer", () => Deno.UnsafePointer.create(4096n) && true);
await escapes("be root", () => process.setuid(0) ?? true);
await escapes("a worker with permissions", () => {
  const source = `postMessage(Deno.readTextFileSync("${FILE}"))`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => (event.preventDefault(), reject(event));
  });
});
done();
console.log("look");
await new Promise((resolve) => setTimeout(resolve, 700));
