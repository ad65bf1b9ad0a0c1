for (const pid of [PID, 1, "self"]) {
  await attempt(`arguments of ${pid}`, () => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  await attempt(`variables of ${pid}`, () => fs.readFileSync(`/proc/${pid}/environ`, "utf8"));
}
for (const path of ["/bin/true", "/usr/bin/true", Deno.execPath(), "/proc/self/exe"]) {
  await escapes(`run ${path}`, () => new Deno.Command(path, { args: ["--version"] }).outputSync().success);
  await escapes(`node runs ${path}`, () => child_process.execFileSync(path, ["--version"]).length + 1);
}
done();
