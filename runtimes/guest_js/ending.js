/** How a program in JavaScript comes to its end, and what is said of it. */

import { describe, introduction } from "./errors.js";
import { report as plain } from "./plain.js";

const { exit, stderr } = Deno;
const later = queueMicrotask;
const listen = globalThis.addEventListener.bind(globalThis);
const encoder = new TextEncoder();

/** Knows how the program ends, says so once, and leaves as quickly as the program allows. */
export class Ending {
  #report;
  #node;
  #program;
  #outcome = {};
  #isSaid = false;
  #hasFailed = false;
  /** Ends the program at an error that it has not been seen to accept. */
  #decide = () => {};

  /** @param {{say: (message: object) => void}} report */
  constructor(report) {
    this.#report = report;
    listen("unload", (event) => this.#onUnload(event));
    listen("beforeunload", () => this.#loopIsEmpty());
    listen("error", (event) => this.#onUncaught(event, thrown(event), false));
    listen("unhandledrejection", (event) => this.#onUncaught(event, event.reason, true));
  }

  /** @param {{waitsForExit: () => boolean, handlesErrors: () => boolean}} node */
  knowNode(node) {
    this.#node = node;
  }

  /**
   * The program begins.
   * @param {Program} program
   */
  begin(program) {
    this.#program = program;
  }

  /** The module has been evaluated; timers and the like may go on. A promise is waited for with them. */
  succeed(value) {
    if (value instanceof Promise) value.then((settled) => (this.#outcome.value = settled));
    else this.#outcome.value = value;
  }

  /** End as Deno does at an error that nobody caught. */
  fail(error, isInPromise) {
    if (this.#hasFailed) exit(1); // a program has patched what tells of its errors
    this.#hasFailed = true;
    const described = describe(error, this.#program);
    this.#outcome = { error: described };
    const text = `${introduction(error, isInPromise)}${described.traceback}\n`;
    for (let bytes = encoder.encode(text); bytes.length > 0;) bytes = bytes.subarray(stderr.writeSync(bytes));
    this.#say();
    exit(1);
  }

  /** Give the program's own listeners, which come after this one, the chance to prevent the end. */
  #onUncaught(event, error, isInPromise) {
    if (this.#node?.handlesErrors()) return;
    let isPrevented = false;
    event.preventDefault();
    Object.defineProperty(event, "preventDefault", { value: () => (isPrevented = true) });
    const decide = () => isPrevented || this.fail(error, isInPromise);
    this.#decide = decide;
    later(decide);
  }

  #onUnload(event) {
    this.#say();
    // Deno does not tell listeners of the end when it is an error.
    if (this.#hasFailed) event.stopImmediatePropagation();
  }

  #loopIsEmpty() {
    // After the program's own listeners for the same event. Tearing V8 down would only take time.
    listen("unload", () => {
      this.#decide();
      if (!this.#node?.waitsForExit()) exit();
    });
  }

  #say() {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { error, value } = this.#outcome;
    this.#report.say(error ? { kind: "report", error } : { kind: "report", ...plain(value) });
  }
}

/** What an event stands for; that of a worker holds words alone. */
function thrown({ error, message }) {
  if ((error ?? null) !== null || /^Uncaught (null|undefined)$/.test(message)) return error;
  const words = String(message).replace(/^Uncaught (\(in promise\) )?/, "");
  return Object.assign(new Error(words), { stack: words });
}
