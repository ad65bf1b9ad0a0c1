/** Gives programs what Node's programs take for granted: `require`, `module`, `/dev/stdin`. */

import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

import { NO_PACKAGES } from "./modules.js";

export * as nodeModule from "node:module";

/** Who imports a function by its name would get the one that was there before. */
export const facades = {
  "node:fs": `import fs from "node:fs";
export * from "node:fs";
export default fs;
export const { readFileSync } = fs;`,
};

/** Prepare what does not depend on the program. */
export function prepareNode() {
  const { readFileSync } = fs;
  // The usual way to read all input in Node; the device itself is not ours to open.
  fs.readFileSync = (file, ...rest) => readFileSync(file === "/dev/stdin" ? 0 : file, ...rest);
  void process.argv;
  Object.defineProperty(globalThis, "nodeBootstrap", { enumerable: false });
}

/** Whether anybody listens to the end of the process. */
export function waitsForExit() {
  return process.listenerCount("exit") > 0;
}

/** Whether the program looks at errors itself, in the way of Node. */
export function handlesErrors() {
  return process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection") > 0;
}

/**
 * Define what a module in CommonJS finds, each when it is first asked for.
 * @param {string} path Of the program.
 * @param {string[]} args
 * @param {boolean} hasPackages
 */
export function showProgram(path, args, hasPackages) {
  process.argv.splice(1, process.argv.length, path, ...args);
  const folder = path.slice(0, path.lastIndexOf("/"));
  const module = { id: ".", path: folder, filename: path, exports: {}, children: [], paths: [], loaded: false };
  const values = {
    require: () => Object.assign(requireFrom(path, hasPackages), { main: module }),
    module: () => Object.assign(module, { require: globalThis.require }),
    exports: () => module.exports,
    __filename: () => path,
    __dirname: () => folder,
  };
  for (const [name, make] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => (globalThis[name] = make()),
      set: (value) => Object.defineProperty(globalThis, name, { value, writable: true }),
    });
  }
}

function requireFrom(path, hasPackages) {
  const find = createRequire(`file://${path}`);
  const require = (name) => {
    try {
      return find(name);
    } catch (error) {
      // The search for packages goes up to folders that are not the program's.
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      throw new Error(`cannot find package "${name}": ${hasPackages ? "it is not prefetched" : NO_PACKAGES}`);
    }
  };
  return Object.assign(require, find);
}
