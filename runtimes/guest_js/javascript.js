/**
 * JavaScript and TypeScript: loads all that it needs, waits for one program, and becomes it.
 *
 * Arguments: the sandbox's folder, the language, and `packages` if there are some.
 */

import { openReport, place, receive } from "./channel.js";
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
const NODE = /\b(Buffer|__dirname|__filename|exports|from|global|import|module|process|require)\b/;
const decoder = new TextDecoder();

const [box, language, packages] = Deno.args;
const work = `${box}/work`;
const modules = new Modules(packages === "packages");
const report = openReport(`${box}/report`);
const ending = new Ending(report, (text) => modules.translate(text));
let node;

if (language === "typescript") await loadNode();
for (let count = 0; count < REHEARSALS; count += 1) await rehearse();
cleanEnvironment();
report.say({ kind: "ready" });
const request = receive();
place(request, box);
const source = decoder.decode(request.code);
if (node === undefined && NODE.test(source)) await loadNode();
disguise(request);
start(request, source);

async function loadNode() {
  node = await import("./node.js");
  node.prepareNode();
  learnTypeScript(node.nodeModule);
  ending.waitsForExit = node.waitsForExit;
}

/** Take a trusted program the whole way, so that the machinery for the next one is there. */
async function rehearse() {
  const types = node === undefined ? "" : ": number";
  const text = `const answer${types} = await Promise.resolve(42);\n({ answer, list: [answer, 'text'] })`;
  const path = `${work}/rehearsal`;
  const { code } = rewrite(text, { language, path });
  const { default: value } = await modules.import(code, path);
  JSON.stringify(plain(value));
  Deno.inspect(value);
  describe(new Error("rehearsal"), path, (text) => modules.translate(text));
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
  Object.defineProperty(Deno, "args", { value: Object.freeze(args), enumerable: true, configurable: true });
  node?.showProgram(`${work}/${name}`, args);
}

/** Run the program. From here on nothing that this process says is trusted. */
function start({ name }, source) {
  const path = `${work}/${name}`;
  ending.begin(path);
  report.say({ kind: "started" });
  let rewritten;
  try {
    rewritten = rewrite(source, { language, path });
  } catch (error) {
    return ending.fail(error, "");
  }
  if (rewritten.hasImports) modules.watch(node.nodeModule);
  modules.import(rewritten.code, path).then(
    (names) => ending.succeed(names.default),
    (error) => ending.fail(error),
  );
}
