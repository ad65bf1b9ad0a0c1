/**
 * Imports the program and its own modules as blobs.
 *
 * What a blob imports statically is checked against the permissions of the process; what a file imports is not.
 */

import { rewriteModule } from "./rewrite.js";

const JAVASCRIPT = "text/javascript";
const UNKNOWN = /^(jsr|https?):/;
const REMOTE = /^(npm|jsr|https?):/;
const PATH = /^(\.{0,2}\/|file:\/\/)/;
const OWN = /\.(m?js|m?ts|json)$/;
const HINT = "a program brings its modules as input files";

export class Modules {
  #paths = new Map();
  #urls = new Map();
  #sources = new Map();
  #builtin = new Set();
  #hasPackages;

  /**
   * Take part in the resolution of imports. It slows down every import, so only where there are some.
   * @param {{registerHooks: Function, builtinModules: string[]}} nodes The module `node:module`.
   */
  watch({ registerHooks, builtinModules }) {
    this.#builtin = new Set(builtinModules);
    registerHooks({
      resolve: (specifier, context, next) => this.#resolve(specifier, context, next),
      load: (url, context, next) => this.#sources.get(url) ?? next(url, context),
    });
  }

  /**
   * Import JavaScript under the name of a path.
   * @param {string} code
   * @param {string} path
   */
  import(code, path) {
    return import(this.#blob(code, JAVASCRIPT, path));
  }

  /** @param {boolean} hasPackages Whether Deno may look for packages. */
  constructor(hasPackages) {
    this.#hasPackages = hasPackages;
  }

  /** Forget all modules so far. */
  forget() {
    for (const url of this.#paths.keys()) URL.revokeObjectURL(url);
    this.#paths.clear();
    this.#urls.clear();
  }

  /** Replace the names of blobs in a text by those of the files that they stand for. */
  translate(text) {
    return text.replaceAll(/blob:null\/[0-9a-f-]{36}/g, (url) => `file://${this.#paths.get(url) ?? ""}`);
  }

  #blob(content, type, path) {
    const url = URL.createObjectURL(new Blob([content], { type }));
    this.#paths.set(url, path);
    this.#urls.set(path, url);
    return url;
  }

  #resolve(specifier, context, next) {
    const parent = this.#paths.get(context.parentURL);
    if (parent === undefined) return next(specifier, context);
    if (this.#builtin.has(specifier)) return next(`node:${specifier}`, context);
    if (PATH.test(specifier)) return this.#file(specifier, parent);
    if (this.#hasPackages && !UNKNOWN.test(specifier)) return next(specifier, context);
    if (REMOTE.test(specifier) || !specifier.includes(":")) throw new TypeError(refusal(specifier));
    return next(specifier, context);
  }

  /** Resolve the path of an input file. */
  #file(specifier, parent) {
    const path = decodeURIComponent(new URL(specifier, `file://${parent}`).pathname);
    const known = this.#urls.get(path);
    if (known !== undefined) return { url: known, shortCircuit: true };
    if (!OWN.test(path)) throw new TypeError(`cannot import "${specifier}": only .js, .ts and .json are modules`);
    const text = Deno.readTextFileSync(path);
    const isData = path.endsWith(".json");
    const source = isData ? text : rewriteModule(text, path);
    const url = this.#blob(source, isData ? "application/json" : JAVASCRIPT, path);
    this.#sources.set(url, { format: isData ? "json" : "module", source, shortCircuit: true });
    return { url, shortCircuit: true };
  }
}

function refusal(specifier) {
  return `cannot import "${specifier}": packages are not granted here; ${HINT}`;
}
