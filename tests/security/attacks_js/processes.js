/*
Start, signal or look at processes; load machine code; change who one is.

rows = [12, 14, 16]
*/

import child_process from "node:child_process";
import cluster from "node:cluster";
import os from "node:os";
import { createRequire } from "node:module";
import { attempt, outcome } from "./attempts.js";

const PROGRAMS = ["/bin/sh", "/opt/tools/deno/deno", Deno.execPath(), "/usr/bin/python3", "/proc/self/exe"];

for (const path of PROGRAMS) {
  await attempt(`run ${path}`, () => new Deno.Command(path).outputSync().success);
  await attempt(`spawn ${path}`, () => new Deno.Command(path).spawn().pid);
  await attempt(`node runs ${path}`, () => child_process.execFileSync(path).length + 1);
  await attempt(`node spawns ${path}`, () => child_process.spawn(path).on("error", () => {}).pid);
  await attempt(`node forks ${path}`, () => child_process.fork(path).on("error", () => {}).pid);
  await attempt(`become ${path}`, () => process.execve(path, [path], {}) ?? true);
}
await attempt("a shell", () => child_process.execSync("id").length);
await attempt("a cluster", () => cluster.fork().process.pid);
for (const pid of [1, process.ppid, -1, 0, 2 ** 31]) {
  await attempt(`signal ${pid}`, () => Deno.kill(pid, "SIGCONT") ?? true);
  await attempt(`node signals ${pid}`, () => process.kill(pid, pid === process.pid ? 0 : "SIGCONT"));
}
for (const path of ["libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", "/box/work/own.so", null]) {
  await attempt(`load ${path}`, () => Deno.dlopen(path, {}));
  await attempt(`process loads ${path}`, () => process.dlopen({ exports: {} }, path) ?? true);
}
await attempt("load a native module", () => {
  Deno.writeTextFileSync("/box/work/own.node", "\x7fELF");
  return createRequire("/box/work/main.js")("./own.node");
});
await attempt("a pointer", () => Deno.UnsafePointer.create(4096n));
await attempt("memory by a pointer", () => new Deno.UnsafePointerView(Deno.UnsafePointer.of(new Uint8Array(8))));
await attempt("a callback", () => new Deno.UnsafeCallback({ parameters: [], result: "void" }, () => {}));
await attempt("another user", () => process.setuid(0) ?? true);
await attempt("another group", () => process.setgid(0) ?? true);
await attempt("more groups", () => process.setgroups([0]) ?? true);
await attempt("be more important", () => os.setPriority(0, -20) ?? true);
await attempt("who others are", () => os.userInfo().username);
await attempt("the host's name", () => Deno.hostname());
await attempt("the host's memory", () => Deno.systemMemoryInfo());
await attempt("the host's load", () => Deno.loadavg());
await attempt("since when it runs", () => Deno.osUptime());
await attempt("its kernel", () => Deno.osRelease());
await attempt("its processors", () => os.cpus().length);
await attempt("a report of it", () => process.report.getReport());
await attempt("a debugger", async () => (await import("node:inspector")).open(0) ?? true);
await attempt("a debugging session", async () => new (await import("node:inspector")).Session().connect() ?? true);
outcome();
