/** Describes whatever a program throws: an error of its own making, anything else, something hostile. */

const MAX_TRACEBACK = 64 * 1024;
const MAX_MESSAGE = 8 * 1024;
const MAX_TYPE = 200;
const HERE = import.meta.dirname;
const OWN_FRAME = /^\s+at .*(\bext:|node:(internal|module)|stripTypeScriptTypes)/;
/** How errors of the loader and of the type stripper begin: they are not of the type that they seem to be. */
const SYNTAX = /^(TypeError: |SyntaxError: )?SyntaxError: /;

/**
 * Return what the report says of an error, and what is printed.
 * @param {unknown} error
 * @param {string} path Of the program.
 * @param {(text: string) => string} translate Gives modules their names.
 */
export function describe(error, path, translate) {
  const isError = attempt(() => error instanceof Error, false);
  const name = isError ? attempt(() => String(error.name), "Error") : attempt(() => typeof error, "unknown");
  const words = isError ? attempt(() => String(error.message), "") : attempt(() => Deno.inspect(error), "");
  const stack = isError ? attempt(() => String(error.stack), "") : "";
  const isSyntax = isError && SYNTAX.test(`${name}: ${words}`);
  const type = isSyntax ? "SyntaxError" : name;
  const message = translate(isSyntax ? words.replace(SYNTAX, "") : words);
  const head = isError ? `${type}${message && ": "}${message}` : message;
  const traceback = ownFrames(translate(isSyntax ? head : stack || head), path);
  return {
    type: type.slice(0, MAX_TYPE).toWellFormed(),
    message: message.slice(0, MAX_MESSAGE).toWellFormed(),
    traceback: traceback.slice(0, MAX_TRACEBACK).toWellFormed(),
    line: lineIn(traceback, path),
  };
}

function attempt(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Leave out the frames that are not the program's. */
function ownFrames(stack, path) {
  const lines = stack.replaceAll("file:///stripTypeScriptTypes.ts", `file://${path}`).split("\n");
  return lines.filter((line) => !OWN_FRAME.test(line) && !line.includes(`(file://${HERE}/`)).join("\n");
}

function lineIn(traceback, path) {
  const at = traceback.indexOf(`file://${path}:`);
  const found = at < 0 ? null : /^:(\d+)/.exec(traceback.slice(at + `file://${path}`.length));
  return found === null ? null : Number(found[1]);
}
