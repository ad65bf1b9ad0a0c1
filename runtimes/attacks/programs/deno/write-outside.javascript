for (const path of [FILE, `${FOLDER}/new`, `/proc/1/root${FOLDER}/new`, `/${NAME}`]) {
  await attempt(`Deno ${path}`, () => Deno.writeTextFileSync(path, "written by an attack\n"));
  await attempt(`fs ${path}`, () => fs.appendFileSync(CLIMB + path, "written by an attack\n"));
}
await attempt("remove", () => Deno.removeSync(FILE));
await attempt("replace", () => fs.renameSync("main.js", FILE));
// Opened, and nothing written.
for (const path of ["/opt/tools/guest/javascript.js", Deno.execPath(), "/etc/passwd"]) {
  await escapes(`open ${path} to write`, () => Deno.openSync(path, { append: true }).close() ?? true);
}
done();
