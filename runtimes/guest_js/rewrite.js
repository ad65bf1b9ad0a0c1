/** Prepares a program's text for its import as a module, without moving a line of it. */

import { findLastExpression } from "./value.js";

let stripTypeScriptTypes;

/** Every import has one of these, and little else has. */
const IMPORT = /\bimport\b|\bfrom\s*['"]/;
const DEFAULT_EXPORT = /^\s*export\s+default\b|\bas\s+default\b/m;

/**
 * Make it possible to rewrite TypeScript.
 * @param {{stripTypeScriptTypes: Function}} module The module `node:module`.
 */
export function learnTypeScript(module) {
  stripTypeScriptTypes = module.stripTypeScriptTypes;
}

/**
 * Return JavaScript that exports the value of the program's last expression as its default, and whether it may
 * import anything.
 * @param {string} text
 * @param {{language: string, path: string}} what
 * @returns {{code: string, hasImports: boolean}}
 * @throws {SyntaxError} If types cannot be stripped.
 */
export function rewrite(text, { language, path }) {
  const code = language === "typescript" ? withoutTypes(text) : text;
  return { code: named(withMeta(withValue(code), path), path), hasImports: IMPORT.test(code) };
}

/**
 * Return a module of the program's own, as JavaScript.
 * @param {string} text
 * @param {string} path
 */
export function rewriteModule(text, path) {
  const code = /\.[mc]?ts$/.test(path) ? withoutTypes(text) : text;
  return named(withMeta(code, path, false), path);
}

/** Blank out what only the type checker needs; enums and the like need more, and move columns. */
function withoutTypes(text) {
  try {
    return stripTypeScriptTypes(text, { mode: "strip" });
  } catch {
    return stripTypeScriptTypes(text, { mode: "transform" });
  }
}

/** Export the last expression. A text that cannot be parsed stays as it is: V8 says what is wrong with it. */
function withValue(code) {
  if (DEFAULT_EXPORT.test(code)) return code;
  const found = findLastExpression(code);
  if (found === null) return code;
  const { start, end } = found;
  return `${code.slice(0, start)}export default (${code.slice(start, end)}\n)${code.slice(end)}`;
}

/** Let the program find the place where it seems to be, in its first line and only if it asks. */
function withMeta(code, path, main = true) {
  if (!code.includes("import.meta")) return code;
  const meta = { main, url: `file://${path}`, filename: path, dirname: path.slice(0, path.lastIndexOf("/")) };
  const setting = `Object.assign(import.meta,${JSON.stringify(meta)});`;
  const start = code.startsWith("#!") ? code.indexOf("\n") + 1 : 0;
  return `${code.slice(0, start)}${setting}${code.slice(start)}`;
}

/** Give stack frames a name that means something. */
function named(code, path) {
  return `${code}\n//# sourceURL=file://${path}`;
}
