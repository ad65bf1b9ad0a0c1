/** Gives programs what Node's programs take for granted: `require`, `module`, `/dev/stdin`. */

import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import process from "node:process";

export { default as nodeModule } from "node:module";

/** Prepare what does not depend on the program. */
export function prepareNode() {
  const { readFileSync } = fs;
  // The usual way to read all input in Node; the device itself is not ours to open.
  fs.readFileSync = (file, ...rest) => readFileSync(file === "/dev/stdin" ? 0 : file, ...rest);
  syncBuiltinESMExports();
  void process.argv;
}

/** Whether anybody listens to the end of the process. */
export function waitsForExit() {
  return process.listenerCount("exit") > 0;
}

/**
 * Define what a module in CommonJS finds, each when it is first asked for.
 * @param {string} path Of the program.
 * @param {string[]} args
 */
export function showProgram(path, args) {
  process.argv.splice(1, process.argv.length, path, ...args);
  const module = { exports: {} };
  const values = {
    require: () => createRequire(`file://${path}`),
    module: () => module,
    exports: () => module.exports,
    __filename: () => path,
    __dirname: () => path.slice(0, path.lastIndexOf("/")),
  };
  for (const [name, make] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => (globalThis[name] = make()),
      set: (value) => Object.defineProperty(globalThis, name, { value, writable: true }),
    });
  }
}
