/** How a program in JavaScript comes to its end, and what is said of it. */

import { describe } from "./errors.js";
import { report as plain } from "./plain.js";

const { exit, stderr } = Deno;
const later = queueMicrotask;
const listen = globalThis.addEventListener.bind(globalThis);
const encoder = new TextEncoder();

/** Knows how the program ends, says so once, and leaves as quickly as the program allows. */
export class Ending {
  #path = "";
  #report;
  #translate;
  #outcome = {};
  #isOver = false;
  #isSaid = false;

  /**
   * @param {{say: (message: object) => void}} report
   * @param {(text: string) => string} translate Gives modules their names.
   */
  constructor(report, translate) {
    this.#report = report;
    this.#translate = translate;
    listen("unload", () => this.#say());
    listen("beforeunload", () => this.#loopIsEmpty());
    listen("error", (event) => this.#onUncaught(event, event.error, ""));
    listen("unhandledrejection", (event) => this.#onUncaught(event, event.reason, "(in promise) "));
  }

  /** Whether the program wants to see its exit in the way of Node. */
  waitsForExit = () => false;

  /** The program begins. */
  begin(path) {
    this.#path = path;
  }

  /** The module has been evaluated; timers and the like may go on. A promise is waited for with them. */
  succeed(value) {
    this.#isOver = true;
    this.#outcome.value = value;
    if (value instanceof Promise) {
      this.#outcome.value = undefined;
      value.then((settled) => (this.#outcome.value = settled), (error) => {
        throw error;
      });
    }
  }

  /** End as Deno does at an error that nobody caught. */
  fail(error, where = "(in promise) ") {
    const described = describe(error, this.#path, this.#translate);
    this.#outcome = { error: described };
    const text = `error: Uncaught ${where}${described.traceback || described.message}\n`;
    for (let bytes = encoder.encode(text); bytes.length > 0; ) bytes = bytes.subarray(stderr.writeSync(bytes));
    this.#say();
    exit(1);
  }

  /** Give the program's own listeners, which come after this one, the chance to prevent the end. */
  #onUncaught(event, error, where) {
    let isPrevented = false;
    const prevent = event.preventDefault.bind(event);
    Object.defineProperty(event, "preventDefault", { value: () => (isPrevented = true) });
    prevent();
    later(() => isPrevented || this.fail(error, where));
  }

  #loopIsEmpty() {
    if (!this.#isOver) this.fail(new Error("Top-level await promise never resolved"));
    // After the program's own listeners for the same event. Tearing V8 down would only take time.
    listen("unload", () => this.waitsForExit() || exit());
  }

  #say() {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { error, value } = this.#outcome;
    this.#report.say(error ? { kind: "report", error } : { kind: "report", ...plain(value) });
  }
}
