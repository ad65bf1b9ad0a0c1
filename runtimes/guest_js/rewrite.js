/** Prepares a program's text for its import as a module, without moving a line of it. */

import { insert, urlOf, withCompiledMap, withSourceMap } from "./source_map.js";
import { findLastExpression } from "./value.js";

export const JAVASCRIPT = "text/javascript";
const TYPESCRIPT = "application/typescript";
const STRIPPER = "file:///stripTypeScriptTypes.ts";
/** Every import has one of these, and little else has. */
const IMPORT = /\bimport\b|\bfrom\s*['"]/;
const DEFAULT_EXPORT = /^\s*export\s+default\b|\bas\s+default\b/m;
/** Not in a comment, where `@param` is at home. */
const DECORATOR = /^(?!\s*(?:\*|\/\/|\/\*)).*(?:^|[\s{;])@[\w$(]/m;
/** The compiler declares namespaces in the end, where they would hide the last expression. */
const LATE_DECLARATION = /\nvar [\w$]+(, [\w$]+)*;\s*$/;

let stripTypeScriptTypes;

/**
 * Make it possible to rewrite TypeScript.
 * @param {{stripTypeScriptTypes: Function}} module The module `node:module`.
 */
export function learnTypeScript(module) {
  stripTypeScriptTypes = module.stripTypeScriptTypes;
}

/**
 * Return code that exports the value of the program's last expression as its default, and whether it may import
 * anything.
 * @param {string} text
 * @param {{language: string, path: string}} what
 * @returns {{code: string, type: string, hasImports: boolean}}
 * @throws {SyntaxError} If types cannot be stripped.
 */
export function rewrite(text, { language, path }) {
  const hasImports = IMPORT.test(text);
  try {
    const stripped = language === "typescript" ? withoutTypes(text, path) : { code: text };
    const value = aroundValue(stripped.code);
    if (value.length > 0 || language !== "typescript" || !DECORATOR.test(text)) {
      const code = finished(stripped, [...beforeAll(stripped.code, path, true), ...value], path);
      return { code, type: JAVASCRIPT, hasImports };
    }
  } catch (error) {
    if (!DECORATOR.test(text)) throw error;
  }
  // Deno alone compiles decorators, and then nobody knows where the last expression is.
  return { code: insert(text, beforeAll(text, path, true)), type: TYPESCRIPT, hasImports };
}

/**
 * Return a module of the program's own, as JavaScript.
 * @param {string} text
 * @param {string} path
 */
export function rewriteModule(text, path) {
  const stripped = /\.[mc]?ts$/.test(path) ? withoutTypes(text, path) : { code: text };
  return finished(stripped, beforeAll(stripped.code, path, false), path);
}

function finished({ code, mappings }, insertions, path) {
  if (mappings === undefined) return withSourceMap(code, insertions, path);
  return withCompiledMap(code, mappings, insertions, path);
}

/** Blank out what only the type checker needs; enums and the like need a compiler. */
function withoutTypes(text, path) {
  try {
    return { code: stripTypeScriptTypes(text, { mode: "strip" }) };
  } catch {
    return compiled(text, path);
  }
}

function compiled(text, path) {
  try {
    const result = stripTypeScriptTypes(text, { mode: "transform", sourceMap: true });
    const [code, map] = result.split("\n//# sourceMappingURL=data:application/json;base64,");
    return { code, mappings: JSON.parse(atob(map)).mappings };
  } catch (error) {
    error.message = error.message.replaceAll(STRIPPER, `file://${path}`);
    throw error;
  }
}

/** Export the last expression. A text that cannot be parsed stays as it is: V8 says what is wrong with it. */
function aroundValue(code) {
  if (DEFAULT_EXPORT.test(code)) return [];
  const found = findLastExpression(code.replace(LATE_DECLARATION, ""));
  if (found === null) return [];
  // The zero keeps a function without a name from being called `default`.
  return [{ at: found.start, text: "export default (0," }, { at: found.end, text: "\n)" }];
}

/**
 * Begin the program as a microtask: Deno calls timers that are due between a module that it imports and the
 * microtasks of that. And let it find the place where it seems to be, if it asks.
 */
function beforeAll(code, path, main) {
  const text = `${main ? "await 0;" : ""}${code.includes("import.meta") ? ownMeta(path, main) : ""}`;
  return [{ at: /^(#!.*\n?)?/.exec(code)[0].length, text }];
}

function ownMeta(path, main) {
  const url = urlOf(path);
  const meta = { url, main, filename: path, dirname: path.slice(0, path.lastIndexOf("/")) };
  const resolve = `resolve:(name)=>new URL(name,${JSON.stringify(url)}).href`;
  return `Object.assign(import.meta,${JSON.stringify(meta)},{${resolve}});`;
}
