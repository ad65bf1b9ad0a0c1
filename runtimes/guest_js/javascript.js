/**
 * JavaScript and TypeScript: loads all that it needs, waits for one program, and becomes it.
 *
 * Arguments: the sandbox's folder, the language, and `packages` if there are some.
 */

import { closeMounts, openReport, place, receive, receiveHeader } from "./channel.js";
import { Ending } from "./ending.js";
import { describe } from "./errors.js";
import { Modules } from "./modules.js";
import { report as plain } from "./plain.js";
import { learnTypeScript, rewrite } from "./rewrite.js";

/** Of Deno itself, not for the program. */
const OWN_VARIABLES = /^(DENO_|NO_COLOR$)/;
const OWN_PATH = /^[^:]*node_compat_bin:/;
/** As often as it takes until the engine has compiled what is used again and again. */
const REHEARSALS = 10;
/** Who uses none of these needs nothing of Node, which would double the memory of a process that waits. */
const NODE = /\b(Buffer|__dirname|__filename|exports|global|import|module|process|require)\b|\bfrom\s*['"]/;
const LOAD = /\bload\b|\bonload\b/;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
/** Writes as `console` does, to nowhere. */
const quiet = new Deno[Deno.internal].Console(() => {});
const stage = new EventTarget();
stage.addEventListener("rehearsal", () => {});

const [box, language, packages] = Deno.args;
const work = `${box}/work`;
const hasPackages = packages === "packages";
const modules = new Modules(hasPackages);
const report = openReport(`${box}/report`);
const ending = new Ending(report);
let node;

if (language === "typescript") await loadNode();
for (let count = 0; count < REHEARSALS; count += 1) await rehearse();
cleanEnvironment();
// Once this module is evaluated, Deno tidies up; that has no part in the program's time.
addEventListener("load", () => queueMicrotask(serve), { once: true });

/** Wait for the program and become it. */
async function serve() {
  report.say({ kind: "ready" });
  const header = receiveHeader();
  disguise(header);
  // The rest is on its way; who waits for it has time for this.
  report.say({ kind: "started" });
  const request = receive(header);
  closeMounts(header);
  place(request, box);
  const source = decoder.decode(request.code);
  if (node === undefined && NODE.test(source)) {
    await loadNode();
    disguise(header);
  }
  start(request, source);
}

async function loadNode() {
  node = await import("./node.js");
  node.prepareNode();
  learnTypeScript(node.nodeModule);
  ending.knowNode(node);
}

/** Take a trusted program the whole way, so that the machinery for the next one is there. */
async function rehearse() {
  const types = node === undefined ? "" : ": number";
  const text = `const answer${types} = await Promise.resolve(42);\n({ answer, list: [answer, 'text'] })`;
  const path = `${work}/rehearsal`;
  const source = decoder.decode(encoder.encode(text));
  place({ files: [] }, box);
  Deno.permissions.revokeSync({ name: "read", path: "/nowhere" }); // as of mounts that there are not
  disguise({ name: "rehearsal", args: [], env: {} });
  if (NODE.test(source)) throw new Error("the rehearsal needs Node");
  const { default: value } = await modules.import(rewrite(source, { language, path }), path, source);
  JSON.stringify(plain(value));
  quiet.log(value, 1 + 1);
  stage.dispatchEvent(new Event("rehearsal", { cancelable: true }));
  describe(new Error("rehearsal"), described(path));
  modules.forget();
}

function cleanEnvironment() {
  for (const [name, value] of Object.entries(Deno.env.toObject())) {
    if (OWN_VARIABLES.test(name)) Deno.env.delete(name);
    if (name === "PATH") Deno.env.set(name, value.replace(OWN_PATH, ""));
  }
}

/** Let the process look as if it had been started with the program. */
function disguise({ name, args, env }) {
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  const values = { args, mainModule: `file://${work}/${name}` };
  for (const [property, value] of Object.entries(values)) {
    Object.defineProperty(Deno, property, { value, enumerable: true, configurable: true });
  }
  node?.showProgram(`${work}/${name}`, args, hasPackages);
}

/** Run the program. From here on nothing that this process says is trusted. */
async function start({ name, files }, source) {
  const path = `${work}/${name}`;
  ending.begin(described(path));
  let rewritten;
  try {
    rewritten = rewrite(source, { language, path });
  } catch (error) {
    return ending.fail(error, false);
  }
  if (rewritten.hasImports && hasPackages) await modules.announce(files.map((file) => `${work}/${file.name}`));
  if (rewritten.hasImports) modules.watch(node.nodeModule, node.facades);
  // A failure goes the way of all rejections.
  modules.import(rewritten, path, source).then((names) => {
    ending.succeed(names.default);
    if (LOAD.test(source)) dispatchEvent(new Event("load"));
  });
}

/** What the description of an error needs of a program. */
function described(path) {
  return {
    path,
    line: (module, number) => modules.line(module, number),
    translate: (text) => modules.translate(text),
  };
}
