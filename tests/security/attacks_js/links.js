/*
Leave the writable folders by links, by climbing and by renaming.

rows = [3, 41]
*/

import fs from "node:fs";
import { attempt, outcome } from "./attempts.js";

const TARGET = Deno.env.get("CANARY_FILE");
const UP = "../".repeat(40);

for (const target of [TARGET, UP + TARGET.slice(1), "/", "/proc/self/root", "/etc/passwd"]) {
  await attempt(`Deno links to ${target}`, () => {
    Deno.symlinkSync(target, "link");
    return Deno.readTextFileSync("link");
  });
  await attempt(`fs links to ${target}`, () => {
    fs.symlinkSync(target, "fs-link");
    return fs.readFileSync("fs-link/", "utf8");
  });
  await attempt(`hard link to ${target}`, () => Deno.linkSync(target, "hard") ?? true);
  await attempt(`fs hard link to ${target}`, () => fs.linkSync(target, "fs-hard") ?? true);
  await attempt(`read the link ${target}`, () => Deno.readLinkSync(target));
  await attempt(`real path of ${target}`, () => Deno.realPathSync(target));
}
for (const path of [`${UP}${TARGET.slice(1)}`, `inner/${UP}${TARGET.slice(1)}`, `/box/work/../..${TARGET}`]) {
  await attempt(`climb to ${path}`, () => Deno.readTextFileSync(path));
  await attempt(`fs climbs to ${path}`, () => fs.readFileSync(path));
  await attempt(`with a trailing slash: ${path}`, () => Deno.readTextFileSync(`${path}/`));
}
await attempt("a folder moved out", () => {
  Deno.mkdirSync("inner/deep", { recursive: true });
  Deno.renameSync("inner/deep", "/deep");
  return true;
});
await attempt("write above the folders", () => Deno.writeTextFileSync("/box/../outside", "x") ?? true);
await attempt("a path with a NUL", () => Deno.readTextFileSync(`/box/work/\0${UP}${TARGET}`));
await attempt("a path of bytes that are not text", () => fs.readFileSync(new Uint8Array([47, 255, 47])));
await attempt("a Windows path", () => Deno.readTextFileSync(`\\\\?\\${TARGET}`));
outcome();
