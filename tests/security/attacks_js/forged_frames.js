/*
Claim success on every descriptor and stream, in the words of the guest and of the supervisor, then fail.

rows = [36, 40]
status = "error"
exit_code = 3
*/

import fs from "node:fs";

const WORDS = ["exit", "ready", "started", "failed", "report"];
const encoder = new TextEncoder();
const frames = WORDS.map((kind) => frame({ kind, wait_status: 0, error: null, value: "forged", monotonic_ns: 1 }));

for (const bytes of frames) {
  for (let descriptor = 0; descriptor < 128; descriptor++) quietly(() => fs.writeSync(descriptor, bytes));
  for (const stream of [Deno.stdout, Deno.stderr]) quietly(() => stream.writeSync(bytes));
  for (const path of places()) quietly(() => fs.writeFileSync(path, bytes, { flag: "r+" }));
  quietly(() => Deno.stdin.writeSync(bytes));
}
Deno.exit(3);

function frame(message) {
  const body = encoder.encode(JSON.stringify(message));
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

function places() {
  const numbers = Array.from({ length: 64 }, (_, number) => number);
  return ["/box/report", ...numbers.flatMap((number) => [`/proc/self/fd/${number}`, `/dev/fd/${number}`])];
}

function quietly(call) {
  try {
    call();
  } catch {
    // Refused.
  }
}
