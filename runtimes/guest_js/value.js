/**
 * Finds the expression at the end of a program, whose value is the program's.
 *
 * V8 is the parser, because another one would double the memory of a process that waits: where the text before a
 * place is a program by itself, and the text after it is an expression, the last statement begins there.
 */

const AsyncFunction = (async () => {}).constructor;
/** A longer last statement is no value that somebody wants to see. */
const MAX_PLACES = 200;
const MAX_COMMENTS = 20;
const SEMICOLON = /[\s;]/;
/** What may be the last comment: also the end of a string, which is then no end of a statement. */
const COMMENT = /(\/\/((?!\/\/)[^\n])*|\/\*((?!\*\/)[^])*\*\/)$/;
/** What may come before a statement. */
const LEADING = /^(\s+|\/\/[^\n]*|\/\*[^]*?\*\/)*/;
/** These begin a statement of another kind, although they may begin an expression as well. */
const NO_EXPRESSION = /^(\{|(async\s+)?function\b|class\b)/;
/** After a line end these continue the statement before, unless that was complete; `++` and `--` never do. */
const CONTINUATION = /^(?!\+\+|--)[([`+\-*/,.<>=?:%&|^]/;
/** Only a module has these; for looking at the rest they are taken out. */
const IMPORT = /^\s*import\b(?!\s*[.(])[^;'"]*(['"])[^'"\n]*\1(\s*with\s*\{[^}]*\})?/gm;
const EXPORT = /^(\s*)export\s+(?=(const|let|var|async|function|class)\b)/gm;

/**
 * Return where the last expression begins and ends; null if the program ends otherwise.
 * @param {string} code JavaScript.
 * @returns {{start: number, end: number} | null}
 */
export function findLastExpression(code) {
  const text = code.replaceAll("import.meta", "import_meta"); // as long, and no syntax of modules
  for (const end of ends(text)) {
    const start = findStart(text.slice(0, end));
    if (start !== null) return { start, end };
  }
  return null;
}

/** Where the last statement may end: before the semicolon, and before what may be comments after it. */
function* ends(code) {
  let text = withoutSemicolons(code);
  for (let count = 0; count < MAX_COMMENTS && text !== ""; count += 1) {
    if (count === 0 || !isInComment(asScript(text))) yield text.length;
    const [comment = ""] = COMMENT.exec(text) ?? [];
    const shorter = text.slice(0, text.length - comment.length);
    // What begins within the comment of a line ends with the line.
    if (comment === "" || (comment.includes("\n") && isInComment(asScript(shorter)))) return;
    text = withoutSemicolons(shorter);
  }
}

/** Cut what ends the last statement; an expression for that would look from every place to the end. */
function withoutSemicolons(text) {
  let end = text.length;
  while (end > 0 && SEMICOLON.test(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

function findStart(code) {
  let places = 0;
  for (let place = code.length - 1; place >= 0 && places < MAX_PLACES; place -= 1) {
    if (place > 0 && code[place - 1] !== "\n" && code[place - 1] !== ";" && code[place - 1] !== "}") continue;
    places += 1;
    const start = place + LEADING.exec(code.slice(place))[0].length;
    if (start < code.length && isSplit(code.slice(0, place), code.slice(start))) return start;
  }
  return null;
}

function isSplit(before, last) {
  if (NO_EXPRESSION.test(last) || !parses(`return (${last}\n)`)) return false;
  if (before.trim() === "") return true;
  const program = asScript(before);
  if (!parses(program) || isInComment(program)) return false;
  return !CONTINUATION.test(last) || isComplete(program);
}

/** Take out what only a module has. */
function asScript(text) {
  return text.replace(/^#!.*/, "").replace(IMPORT, "").replace(EXPORT, "$1");
}

/** Whether a program ends within a comment, which hides even what can follow no program. */
function isInComment(program) {
  return parses(`${program})`);
}

/** Whether another statement can follow without a line end or semicolon, so that no statement goes on. */
function isComplete(program) {
  let text = program.trimEnd();
  while (COMMENT.test(text)) text = text.replace(COMMENT, "").trimEnd();
  return text === "" || parses(`${text} 0`);
}

function parses(text) {
  try {
    new AsyncFunction(`"use strict";${text}`);
    return true;
  } catch {
    return false;
  }
}
