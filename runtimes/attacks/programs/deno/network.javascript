for (const hostname of ["127.0.0.1", "localhost", "[::1]", "0x7f000001"]) {
  await attempt(`fetch ${hostname}`, async () => (await fetch(`http://${hostname}:${PORT}/`)).status);
  await attempt(`Deno ${hostname}`, async () => (await Deno.connect({ hostname, port: PORT })).close());
  await attempt(`node ${hostname}`, () => answered(net.connect(PORT, hostname)));
  await attempt(`import ${hostname}`, () => import(`http://${hostname}:${PORT}/module.js`));
}
await escapes("listen", () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close() ?? true);
done();

function answered(source) {
  return new Promise((resolve, reject) => source.on("connect", () => resolve(true)).on("error", reject)).finally(() => source.destroy());
}
