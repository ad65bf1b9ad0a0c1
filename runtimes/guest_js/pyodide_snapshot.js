/**
 * Makes the memory snapshot; runs at set-up, on the host, and sees nothing but the distribution's folder.
 *
 * Arguments: that folder, a folder with the guest's Python modules, and the modules to import ahead.
 */

import { CONFIGURATION } from "./pyodide_load.js";

/** In the order in which they import each other. */
const GUEST_MODULES = ["report", "program", "pyodide_guest"];
const HEADER_WORDS = 4;

const INSTALL = `
def install(name, source):
    import sys
    module = sys.modules[name] = type(sys)(name)
    exec(compile(source, f"<{name}>", "exec", dont_inherit=True), module.__dict__)
install
`;
const PREPARE = `
def prepare(names):
    import gc, importlib
    for name in names:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
prepare
`;
/** Asked once the snapshot is made, because searching changes the interpreter. */
const OFFERED = `
import importlib.util, sys
def is_there(name):
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
[name for name in (*sys.stdlib_module_names, "js", "pyodide", "pyodide_js") if is_there(name)]
`;

async function main() {
  const [folder, guest, ...names] = Deno.args;
  const lock = JSON.parse(Deno.readTextFileSync(`${folder}pyodide-lock.json`));
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  const pyodide = await loadPyodide({
    ...CONFIGURATION,
    indexURL: folder,
    lockFileContents: { info: lock.info, packages: {} },
    _makeSnapshot: true,
  });
  call(pyodide, INSTALL, (install) => {
    for (const name of GUEST_MODULES) install(name, Deno.readTextFileSync(`${guest}${name}.py`));
  });
  call(pyodide, PREPARE, (prepare) => {
    const list = pyodide.toPy(names);
    prepare(list);
    list.destroy();
  });
  const snapshot = pyodide.makeMemorySnapshot();
  write(snapshot, folder, { info: lock.info, modules: pyodide.runPython(OFFERED).toJs() });
}

/** Call a Python function that exists for this alone: the snapshot cannot hold references from here. */
function call(pyodide, source, use) {
  const namespace = pyodide.globals.get("dict")();
  const callable = pyodide.runPython(source, { globals: namespace });
  use(callable);
  callable.destroy();
  namespace.destroy();
}

/** Write memory and references apart, so that the memory can be mapped. */
function write(snapshot, folder, description) {
  const [, start] = new Uint32Array(snapshot.buffer, snapshot.byteOffset, HEADER_WORDS);
  Deno.writeFileSync(`${folder}snapshot.head`, snapshot.subarray(0, start));
  Deno.writeFileSync(`${folder}snapshot.memory`, snapshot.subarray(start));
  Deno.writeTextFileSync(`${folder}snapshot.json`, JSON.stringify(description));
}

await main();
