/* In front of every attack: what is tried, and what is said about it. */
import fs from "node:fs";
import net from "node:net";
import child_process from "node:child_process";

const FILE = "@FILE@", FOLDER = "@FOLDER@", SOCKET = "@SOCKET@", PORT = Number("@PORT@"), PID = Number("@PID@"), NAME = "@NAME@";
const CLIMB = "../".repeat(40);
let tried = 0;

// What is refused later, outside of the call, is refused as well.
for (const event of ["error", "unhandledrejection"]) {
  globalThis.addEventListener(event, (refusal) => refusal.preventDefault());
}

/** Try one thing; print what it gives if it may be a canary, for which the output is searched from outside. */
async function attempt(name, call) {
  tried += 1;
  try {
    const got = await Promise.race([call(), patience()]);
    if (/canary-|heirloom-/.test(shown(got))) console.log(`got: ${name}: ${shown(got)}`.slice(0, 20000));
    return got;
  } catch {
    return undefined;
  }
}

/** Try what would leave no trace outside: it got through if the call gives something true. */
async function escapes(name, call) {
  if (await attempt(name, call)) console.log(`\nescaped: ${name}`);
}

function done() {
  console.log(`\ntried: ${tried}`);
}

function patience() {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, 300)));
}

function shown(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}

