/* Beside every attack as an input file: counts what was tried and names what got through. */

const PATIENCE_MS = 400;
const tried = [];
const escaped = [];

// What is refused later, outside of the call, is refused as well.
for (const event of ["error", "unhandledrejection"]) {
  globalThis.addEventListener(event, (refusal) => refusal.preventDefault());
}

/** Try one thing; it got through if the call gives something true, at once or as a promise. */
export async function attempt(name, call) {
  tried.push(name);
  try {
    const got = await Promise.race([call(), patience()]);
    if (got) escaped.push(`${name}: ${shown(got)}`.slice(0, 300));
  } catch {
    // Refused, as it should be.
  }
}

/** For calls that return nothing: whether they do not throw. */
export async function works(call) {
  await call();
  return true;
}

/** What a module in a worker says first; nothing if it cannot start. */
export function saidByWorker(source) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(source, { type: "module" });
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.onmessage = ({ data }) => end(resolve, data);
    worker.onerror = (event) => {
      event.preventDefault();
      end(reject, event);
    };
  });
}

/** A module of its own, by both kinds of addresses that need no file. */
export function addresses(source) {
  return {
    blob: URL.createObjectURL(new Blob([source], { type: "text/javascript" })),
    data: `data:text/javascript,${encodeURIComponent(source)}`,
  };
}

/** What the harness looks at. */
export function outcome() {
  return { tried: tried.length, escaped };
}

function patience() {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, PATIENCE_MS)));
}

function shown(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
