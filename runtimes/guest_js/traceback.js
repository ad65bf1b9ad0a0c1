/** Writes an error as Deno prints it, with nothing in it but what is the program's. */

const MAX_SHOWN = 150;
/** Causes, and errors in an `AggregateError`: each once. */
const MAX_ERRORS = 20;
const HERE = import.meta.dirname;
const PLACE = /file:\/\/(?<path>\/.*):(?<line>\d+):(?<column>\d+)/;
/** The parser shows the line by itself. */
const SNIPPET = /\n +\|\n/;
const OWN_FRAME = /^\s+at .*(\bext:|node:(internal|module))/;

/**
 * What the description of an error needs of a program.
 * @typedef {{path: string, line: (path: string, number: number) => string | undefined,
 *   translate: (text: string) => string}} Program
 */

export class Traceback {
  /** The line of the program where the error, or what it comes from, was made. */
  line = null;
  #parts;
  #program;
  #seen = new Set();

  /**
   * @param {(error: unknown) => {head: string, frames: string[]}} parts
   * @param {Program} program
   */
  constructor(parts, program) {
    this.#parts = parts;
    this.#program = program;
  }

  /** Write an error: its words, the errors in it, the line of the program, frames, causes. */
  of(error) {
    const isFirst = this.#seen.size === 0;
    this.#seen.add(error);
    const { head, frames } = this.#parts(error);
    const own = this.#program.translate(frames.join("\n")).split("\n").filter(isOfProgram);
    const lines = [this.#program.translate(head), ...this.#inside(error)];
    if (isFirst) lines.push(...this.#pointer(head, own));
    lines.push(...own);
    const cause = attempt(() => error.cause, undefined);
    if (this.#isNews(cause)) lines.push(`Caused by: ${this.of(cause)}`);
    return lines.join("\n");
  }

  #inside(error) {
    const errors = attempt(() => (error instanceof AggregateError ? Array.from(error.errors) : []), []);
    const written = [];
    for (const one of errors) {
      if (this.#isNews(one)) written.push(this.of(one).replace(/^/gm, "    "));
    }
    return written;
  }

  #isNews(error) {
    return error !== undefined && error !== null && !this.#seen.has(error) && this.#seen.size < MAX_ERRORS;
  }

  /** Find the first frame with a place; show its line. */
  #pointer(head, frames) {
    const own = frames.map((frame) => PLACE.exec(frame)?.groups).filter(Boolean);
    const ofProgram = own.find(({ path }) => path === this.#program.path);
    this.line = ofProgram === undefined ? null : Number(ofProgram.line);
    if (own.length === 0 || SNIPPET.test(head)) return [];
    const [{ path, line, column }] = own;
    const text = this.#program.line(path, line);
    return text === undefined || text.length > MAX_SHOWN ? [] : [text, `${" ".repeat(column - 1)}^`];
  }
}

/** Look at an object that may be hostile. */
export function attempt(look, otherwise) {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

/** Whether a line is neither a frame of Deno nor of ours. */
function isOfProgram(line) {
  return line !== "" && !OWN_FRAME.test(line) && !line.includes(`file://${HERE}/`);
}
