/** Describes whatever a program throws: an error of its own making, anything else, something hostile. */

import { attempt, Traceback } from "./traceback.js";

const MAX_TRACEBACK = 64 * 1024;
const MAX_MESSAGE = 8 * 1024;
const MAX_TYPE = 200;
/** How errors of the loader begin: they are not of the type that they seem to be. */
const LOADER = /^(?:TypeError: (?=cannot import )|(?:SyntaxError: )+)/;
/** Where V8 has found a syntax error, in its message. */
const PLACE = / at ((?:file|blob):\S+:\d+:\d+)$/;
const FIRST_FRAME = /\n +at /;

/**
 * Return what the report says of an error; the traceback is also what is printed.
 * @param {unknown} error
 * @param {Program} program
 */
export function describe(error, program) {
  const { type, message } = words(error);
  const traceback = new Traceback(parts, program);
  const text = traceback.of(error);
  return {
    type: type.slice(0, MAX_TYPE).toWellFormed(),
    message: program.translate(message.slice(0, MAX_MESSAGE)).toWellFormed(),
    traceback: text.slice(0, MAX_TRACEBACK).toWellFormed(),
    line: traceback.line,
  };
}

/** How Deno begins to tell of an error that nobody caught: by whether the program ran, and in a promise. */
export function introduction(error, isInPromise) {
  const { place, isLoaders } = words(error);
  if (isLoaders) return "error: ";
  return isInPromise && place === null ? "error: Uncaught (in promise) " : "error: Uncaught ";
}

/** Split what is written of an error into the words and the frames. */
function parts(error) {
  const { type, message, place, isLoaders } = words(error);
  if (!isError(error)) return { head: message, frames: [] };
  const head = `${type}${message && ": "}${message}`;
  const stack = attempt(() => String(error.stack), "");
  const end = FIRST_FRAME.exec(stack)?.index ?? stack.length;
  const frames = stack.slice(end).split("\n").filter(Boolean);
  if (place !== null) return { head, frames: [`    at <anonymous> (${place})`, ...frames] };
  return { head: isLoaders || end === 0 ? head : stack.slice(0, end), frames };
}

/** Return the type of an error, and its message without what the loader puts around it. */
function words(error) {
  if (!isError(error)) {
    return { type: typeof error, message: attempt(() => Deno.inspect(error), ""), place: null, isLoaders: false };
  }
  const text = attempt(() => String(error.message), "");
  const prefix = LOADER.exec(text)?.[0];
  const isLoaders = prefix !== undefined;
  const message = prefix === undefined ? text : text.slice(prefix.length).split(FIRST_FRAME)[0];
  const type = prefix?.startsWith("Syntax") ? "SyntaxError" : name(error);
  const place = isLoaders || type === "SyntaxError" ? PLACE.exec(message) : null;
  return { type, message: message.slice(0, place?.index), place: place?.[1] ?? null, isLoaders };
}

/** The name that an error gives itself, or else that of its class. */
function name(error) {
  const own = attempt(() => String(error.name), "Error");
  return own === "Error" ? attempt(() => String(error.constructor.name), own) || own : own;
}

function isError(value) {
  return attempt(() => value instanceof Error, false);
}
