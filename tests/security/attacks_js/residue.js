/*
Look for what an earlier run of this very program has left, and leave it for the next one.

rows = [21, 45]
*/

import fs from "node:fs";
import { attempt, outcome } from "./attempts.js";

const FILES = ["/box/work/residue", "/box/tmp/residue", "/box/deno/residue", "/box/residue"];

for (const path of FILES) {
  await attempt(`a file at ${path}`, () => fs.existsSync(path));
  await attempt(`leave ${path}`, () => fs.writeFileSync(path, "residue"));
}
await attempt("local storage", () => localStorage.getItem("residue"));
await attempt("session storage", () => sessionStorage.getItem("residue"));
await attempt("a cache", async () => (await (await caches.open("residue")).match("http://residue/"))?.text());
await attempt("a global", () => globalThis.residue ?? Object.prototype.residue);
await attempt("a variable", () => Deno.env.get("RESIDUE"));
await attempt("a message", () => {
  const channel = new BroadcastChannel("residue");
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => resolve(data);
    Deno.unrefTimer(setTimeout(resolve, 100));
  }).finally(() => channel.close());
});
await attempt("keep in local storage", () => localStorage.setItem("residue", "left"));
await attempt("keep in session storage", () => sessionStorage.setItem("residue", "left"));
await attempt("keep in a cache", async () => (await caches.open("residue")).put("http://residue/", new Response("left")));
globalThis.residue = "left";
Object.prototype.residue = "left";
Deno.env.set("RESIDUE", "left");
delete Object.prototype.residue;
outcome();
