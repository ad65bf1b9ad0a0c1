/**
 * Imports the program and its own modules as blobs.
 *
 * What a blob imports statically is checked against the permissions of the process; what a file imports is not.
 */

import { JAVASCRIPT, rewriteModule } from "./rewrite.js";
import { urlOf } from "./source_map.js";

const UNKNOWN = /^(jsr|https?):/;
const REMOTE = /^(npm|jsr|https?):/;
const PATH = /^(\.{0,2}\/|file:\/\/)/;
const CODE = /\.(m?js|m?ts)$/;
/** What a module seems to import; too much does no harm. */
const IMPORTED = /\b(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;
const PACKAGE = /^(npm:|@?[^:./])[^:]*$/;
const OURS = `file://${import.meta.dirname}/`;
const HINT = "a program brings its modules as input files";
export const NO_PACKAGES = `packages are not granted here; ${HINT}`;

export class Modules {
  #paths = new Map();
  #urls = new Map();
  #texts = new Map();
  #sources = new Map();
  #builtin = new Set();
  #facades = {};
  #hasPackages;

  /** @param {boolean} hasPackages Whether Deno may look for packages. */
  constructor(hasPackages) {
    this.#hasPackages = hasPackages;
  }

  /**
   * Take part in the resolution of imports. It slows down every import, so only where there are some.
   * @param {{registerHooks: Function, builtinModules: string[]}} nodes The module `node:module`.
   * @param {Record<string, string>} facades What the program gets instead of modules.
   */
  watch({ registerHooks, builtinModules }, facades) {
    this.#builtin = new Set(builtinModules);
    this.#facades = facades;
    registerHooks({
      resolve: (specifier, context, next) => this.#resolve(specifier, context, next),
      load: (url, context, next) => this.#sources.get(url) ?? withFormat(url, next(url, context)),
    });
  }

  /**
   * Import a program.
   * @param {{code: string, type: string}} rewritten
   * @param {string} path What it is called.
   * @param {string} text As it was.
   */
  import({ code, type }, path, text) {
    this.#texts.set(path, text);
    return import(this.#blob(code, type, path));
  }

  /**
   * Have Deno look for the packages that the program's own modules import: it does so for what it reads itself,
   * not for what a hook brings. Before `watch`. Nothing is run.
   * @param {string[]} paths Of input files.
   */
  async announce(paths) {
    const names = new Set();
    for (const path of paths.filter((path) => CODE.test(path))) {
      for (const [, , name] of Deno.readTextFileSync(path).matchAll(IMPORTED)) names.add(name);
    }
    const wanted = [...names].filter((name) => PACKAGE.test(name)).map((name) => `import(${JSON.stringify(name)})`);
    if (wanted.length > 0) await import(this.#blob(`export default () => [${wanted}];`, JAVASCRIPT, "/packages"));
  }

  /** Forget all modules so far. */
  forget() {
    for (const url of this.#paths.keys()) URL.revokeObjectURL(url);
    this.#paths.clear();
    this.#urls.clear();
    this.#texts.clear();
  }

  /** Replace the names of blobs in a text by those of the files that they stand for. */
  translate(text) {
    return text.replaceAll(/blob:null\/[0-9a-f-]{36}/g, (url) => `file://${this.#paths.get(url) ?? ""}`);
  }

  /** Return a line of a module of the program, or undefined. */
  line(path, number) {
    return this.#texts.get(path)?.split(/\r?\n/)[number - 1];
  }

  #blob(content, type, path) {
    const url = URL.createObjectURL(new Blob([content], { type }));
    this.#paths.set(url, path);
    this.#urls.set(`${type === JAVASCRIPT ? "" : type}:${path}`, url);
    return url;
  }

  #resolve(specifier, context, next) {
    const parent = this.#paths.get(context.parentURL);
    if (parent === undefined) return next(notOurs(specifier), context);
    const name = this.#builtin.has(specifier) ? `node:${specifier}` : specifier;
    if (Object.hasOwn(this.#facades, name)) return { url: this.#facade(name), shortCircuit: true };
    if (name.startsWith("node:")) return next(name, context);
    if (PATH.test(specifier)) return this.#file(specifier, parent, context.importAttributes.type);
    if (this.#hasPackages && !UNKNOWN.test(specifier)) return next(specifier, context);
    if (REMOTE.test(specifier) || !specifier.includes(":")) {
      throw this.#refusal(specifier, parent, NO_PACKAGES);
    }
    return next(specifier, context);
  }

  /** Return a module that is not the program's: what it imports itself is not looked at. */
  #facade(name) {
    const source = this.#facades[name];
    const url = this.#urls.get(name) ?? URL.createObjectURL(new Blob([source], { type: JAVASCRIPT }));
    this.#urls.set(name, url);
    this.#sources.set(url, { format: "module", source, shortCircuit: true });
    return url;
  }

  /** Resolve the path of an input file. Deno does not tell what type a dynamic import asks for. */
  #file(specifier, parent, asked) {
    const path = decodeURIComponent(new URL(specifier, urlOf(parent)).pathname);
    const type = asked ?? (path.endsWith(".json") ? "json" : undefined);
    const known = this.#urls.get(`${type ?? ""}:${path}`);
    if (known !== undefined) return { url: known, shortCircuit: true };
    const isUntyped = asked !== type && lacksType(this.#texts.get(parent) ?? "", specifier);
    const why = isUntyped ? 'JSON is imported `with { type: "json" }`' : whyNot(path, type);
    if (why !== undefined) throw this.#refusal(specifier, parent, why);
    const url = type === undefined ? this.#code(path) : this.#data(path, type);
    return { url, shortCircuit: true };
  }

  #code(path) {
    const text = Deno.readTextFileSync(path);
    this.#texts.set(path, text);
    const source = rewriteModule(text, path);
    const url = this.#blob(source, JAVASCRIPT, path);
    this.#sources.set(url, { format: "module", source, shortCircuit: true });
    return url;
  }

  #data(path, type) {
    const source = Deno.readTextFileSync(path);
    const url = this.#blob(source, type, path);
    if (type === "json") this.#sources.set(url, { format: "json", source, shortCircuit: true });
    return url;
  }

  #refusal(specifier, parent, why) {
    const lines = this.#texts.get(parent)?.split(specifier)[0].split("\n") ?? [""];
    const place = `file://${parent}:${lines.length}:${lines.at(-1).length}`;
    return new TypeError(`cannot import "${specifier}": ${why} at ${place}`);
  }
}

/** Refuse our own modules: they are there already, so Deno does not ask for the permission to read them. */
function notOurs(specifier) {
  if (URL.parse(specifier)?.href.startsWith(OURS)) throw new TypeError(`cannot import "${specifier}"`);
  return specifier;
}

/** Return why a file is no module; undefined if it can be read as one. */
function whyNot(path, type) {
  if (type === undefined && !CODE.test(path)) return "only .js, .mjs, .ts and .mts are modules";
  try {
    return Deno.statSync(path).isFile ? undefined : `it is no file; ${HINT}`;
  } catch (error) {
    return `${error instanceof Deno.errors.NotFound ? "there is no such file" : "it may not be read"}; ${HINT}`;
  }
}

/** Whether a static import does not say that it is one of data; Deno's own message would not help. */
function lacksType(text, specifier) {
  return new RegExp(`\\bfrom\\s*['"]${RegExp.escape(specifier)}['"](?!\\s*with\\b)`).test(text);
}

/** Say that data are data: Deno takes what `require` loads under hooks for code. */
function withFormat(url, loaded) {
  return url.endsWith(".json") ? { ...loaded, format: "json" } : loaded;
}
