/*
Ask for more than there can be.

rows = [24, 45]
status = ["ok", "memory", "crashed", "error"]
limits = { memory-mib = 192 }
*/

import { attempt, outcome } from "./attempts.js";

for (const size of [2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1]) {
  await attempt(`an array of ${size}`, () => new Uint8Array(size).fill(1).length && false);
  await attempt(`a text of ${size}`, () => "x".repeat(size) && false);
  await attempt(`a list of ${size}`, () => new Array(size).fill(1) && false);
  await attempt(`a memory of ${size}`, () => new WebAssembly.Memory({ initial: size / 65536 }) && false);
}
outcome();
