for (const path of [FILE, CLIMB + FILE, `/proc/1/root${FILE}`, `/proc/self/root${FILE}`, `/proc/${PID}/root${FILE}`]) {
  await attempt(`Deno ${path}`, () => Deno.readTextFileSync(path));
  await attempt(`fs ${path}`, () => fs.readFileSync(path, "utf8"));
  await attempt(`fetch ${path}`, async () => (await fetch(`file://${path}`)).text());
  await attempt(`import ${path}`, async () => (await import(`file://${path}`, { with: { type: "text" } })).default);
  await attempt(`copy ${path}`, () => Deno.copyFileSync(path, "copy"));
}
await attempt("link", () => {
  Deno.symlinkSync(FILE, "link");
  return Deno.readTextFileSync("link");
});
for (const path of ["/etc/passwd", "/proc/self/environ", "/proc/1/environ"]) {
  await escapes(`read ${path}`, () => Deno.readTextFileSync(path));
}
done();
