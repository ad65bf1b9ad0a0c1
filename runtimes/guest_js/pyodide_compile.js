/**
 * Byte-compiles packages for the interpreter that will import them; runs at set-up.
 *
 * Arguments: the distribution's folder, and the folder of the packages.
 */

import { CONFIGURATION } from "./pyodide_load.js";

const GUEST_PACKAGES = "/opt/packages";
/** Unchecked: packages never change, and a look at the date of each source costs a start time. */
const COMPILE = `
import compileall, py_compile
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
compileall.compile_dir("${GUEST_PACKAGES}", quiet=2, workers=1, invalidation_mode=mode)
`;

const [folder, packages] = Deno.args;
const { info } = JSON.parse(Deno.readTextFileSync(`${folder}pyodide-lock.json`));
const { loadPyodide } = await import(`${folder}pyodide.mjs`);
const pyodide = await loadPyodide({
  ...CONFIGURATION,
  indexURL: folder,
  lockFileContents: { info, packages: {} },
});
pyodide.FS.mkdirTree(GUEST_PACKAGES);
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: packages }, GUEST_PACKAGES);
// What does not compile (templates, syntax of other versions) is left as source.
pyodide.runPython(COMPILE);
