/**
 * Python on Pyodide: restores the interpreter from its snapshot, gives up what that needed, waits for one
 * program, and becomes it.
 *
 * Arguments: the sandbox's folder, and where the distribution and the packages lie if not in their usual places.
 */

import { closeMounts, openReport, place, receive, receiveHeader } from "./channel.js";
import { connectStreams, mountFolders, openDevice } from "./pyodide_box.js";
import { load } from "./pyodide_load.js";
import { trim } from "./pyodide_memory.js";

/** Where the interpreter sees the program, as in the native tier. */
const FOLDER = "/box/tmp";
/** Of Deno itself, not for the program. */
const OWN_VARIABLES = /^(DENO_|NO_COLOR$)/;
/** What the start needed and a program must not have. */
const NOT_FOR_PROGRAMS = ["env", "ffi", "sys", "run", "net", "import"];

/** As after SIGABRT, by which an interpreter that breaks ends elsewhere. */
const BROKEN = 134;
/** Touches what most programs touch. */
const REHEARSAL = `
import json, math
words = {str(number): [number / 3, math.sqrt(number)] for number in range(20)}
text = f"{len(words)} {words['3'][0]:.2f} {sum(len(word) for word in sorted(words))}"
json.loads(json.dumps(words))
print(end="")
1 + 1
`;

const [box, distribution = "/opt/tools/pyodide", packages = "/opt/tools/pyodide-packages"] = Deno.args;

await main();

async function main() {
  const pyodide = await load(`${distribution}/`);
  const variables = ownVariables();
  const report = openReport(`${box}/report`);
  mountFolders(pyodide, { box, packages });
  connectStreams(pyodide);
  const guest = pyodide.pyimport("pyodide_guest");
  await rehearse(pyodide, guest, variables);
  await shrink();
  giveUp();
  report.say({ kind: "ready" });
  const request = receive(receiveHeader());
  closeMounts(request);
  place(request, box);
  Deno.writeFileSync(`${box}/tmp/${request.name}`, request.code, { createNew: true, mode: 0o600 });
  await become(pyodide, guest, request, { ...variables, ...request.env }, report);
}

/** Run a trusted program as the untrusted one will be, so that the machine code for it is there. */
async function rehearse(pyodide, guest, env) {
  const program = { name: "rehearsal.py", code: new TextEncoder().encode(REHEARSAL), args: [], live: false };
  const descriptor = openDevice(pyodide, () => {});
  await call(pyodide, guest.rehearse, program, env, descriptor);
  pyodide.FS.close(pyodide.FS.getStream(descriptor));
}

/** Give memory back: what was only needed to get here, collected, and what the allocator kept of it. */
async function shrink() {
  globalThis.gc?.({ type: "major", flavor: "last-resort" });
  // Buffers are freed by another thread.
  await new Promise((resolve) => setTimeout(resolve, 0));
  trim();
}

function giveUp() {
  for (const name of NOT_FOR_PROGRAMS) Deno.permissions.revokeSync({ name });
  for (const path of [distribution, import.meta.dirname]) {
    Deno.permissions.revokeSync({ name: "read", path });
  }
}

/** Return the environment that the process was given, without what Deno added for itself. */
function ownVariables() {
  const { DENO_DIR, ...all } = Deno.env.toObject();
  const paths = (all.PATH ?? "").split(":").filter((path) => !path.startsWith(`${DENO_DIR}/`));
  const variables = Object.entries({ ...all, PATH: paths.join(":") });
  return Object.fromEntries(variables.filter(([name, value]) => value && !OWN_VARIABLES.test(name)));
}

/** From here on nothing that this process says is trusted. */
async function become(pyodide, guest, request, env, report) {
  const descriptor = openDevice(pyodide, report.write);
  report.say({ kind: "started" });
  try {
    await call(pyodide, guest.run, request, env, descriptor);
  } catch (error) {
    // The interpreter itself broke, or was left by a way round `os._exit`.
    if (typeof error?.status === "number") leave(error.status);
    console.error(`isorun: the interpreter failed: ${error?.message ?? error}`);
    leave(BROKEN);
  }
}

/** Call a Python function so that what it calls can wait for promises: `asyncio.run`, `time.sleep`. */
function call(pyodide, callable, { name, code, args, live }, env, descriptor) {
  const path = `${FOLDER}/${name}`;
  return callable.callPromising(path, code, pyodide.toPy(args), pyodide.toPy(env), live, descriptor, leave);
}

function leave(status) {
  Deno.exit(status & 0xff);
}
