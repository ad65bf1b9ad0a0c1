/**
 * Says where each piece of rewritten code was in the program, so that everybody sees the program's own name and
 * places: the errors' stacks as well as the report.
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The places that an error may name: words and signs. */
const PLACES = /\n|[\w$]+|[^\w\s]/g;
/** Beyond, only lines are mapped: nobody waits for the columns of generated code. */
const MAX_SIZE = 1 << 16;

/**
 * Append a source map for code that differs from the program by insertions.
 * @param {string} code What there was before the insertions.
 * @param {{at: number, text: string}[]} insertions In order, and on one line each but the last one.
 * @param {string} path Of the program.
 */
export function withSourceMap(code, insertions, path) {
  const mappings = code.length > MAX_SIZE ? lines(code) : words(code, insertions);
  return insert(code, insertions) + comment(mappings, path);
}

/**
 * Append a source map for code that a compiler has made, which came with mappings of its own.
 * @param {string} code
 * @param {string} mappings
 * @param {{at: number, text: string}[]} insertions Before lines; they get lines of their own.
 * @param {string} path Of the program.
 */
export function withCompiledMap(code, mappings, insertions, path) {
  const groups = mappings.split(";");
  const apart = insertions.map(({ at, text }) => ({ at, text: `${text}\n` }));
  apart.forEach(({ at }, index) => groups.splice(code.slice(0, at).split("\n").length - 1 + index, 0, ""));
  return insert(code, apart) + comment(groups.join(";"), path);
}

/** Return the URL of a file. */
export function urlOf(path) {
  return `file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;
}

/**
 * Insert texts into code.
 * @param {string} code
 * @param {{at: number, text: string}[]} insertions In order.
 */
export function insert(code, insertions) {
  let result = "";
  let done = 0;
  for (const { at, text } of insertions) {
    result += code.slice(done, at) + text;
    done = at;
  }
  return result + code.slice(done);
}

function comment(mappings, path) {
  const map = { version: 3, sources: [urlOf(path)], names: [], mappings };
  return `\n//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify(map))}`;
}

function lines(code) {
  return `AAAA${";AACA".repeat(code.split("\n").length - 1)}`;
}

/** Map word by word; every number is the difference to the one before. */
function words(code, insertions) {
  const waiting = [...insertions];
  let result = "";
  let separator = "";
  let [line, column] = [0, 0]; // lines since the last place, and the last place's column
  let begin = 0; // of this line
  let gap = 0; // what has been inserted on this line since the last place
  let last = 0; // the last place on this line
  for (const { 0: place, index } of code.matchAll(PLACES)) {
    while (waiting.length > 0 && waiting[0].at <= index) gap += waiting.shift().text.length;
    if (place === "\n") {
      result += ";";
      separator = "";
      line += 1;
      begin = index + 1;
      last = gap = 0;
      continue;
    }
    const here = index - begin;
    result += `${separator}${number(here - last + gap)}A${number(line)}${number(here - column)}`;
    separator = ",";
    line = gap = 0;
    column = last = here;
  }
  return result;
}

/** Write a number as source maps do: five bits at a time, the sign in the lowest. */
function number(value) {
  let bits = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  for (; bits > 31; bits >>>= 5) text += DIGITS[(bits & 31) | 32];
  return text + DIGITS[bits];
}
