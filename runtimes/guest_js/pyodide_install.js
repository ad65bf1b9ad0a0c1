/**
 * Unpacks packages and byte-compiles them for the interpreter that will import them; runs at set-up.
 *
 * Arguments: the distribution's folder, the folder of the packages, and the wheels to unpack there. All happens
 * inside of Pyodide, in a process that can write to that folder alone.
 */

import { CONFIGURATION } from "./pyodide_load.js";

const GUEST_PACKAGES = "/opt/packages";
const GUEST_WHEELS = "/opt/wheels";
/** Unchecked: packages never change, and a look at the date of each source costs a start time. */
const INSTALL = `
import compileall, pathlib, py_compile, zipfile
for wheel in sorted(pathlib.Path("${GUEST_WHEELS}").iterdir()):
    zipfile.ZipFile(wheel).extractall("${GUEST_PACKAGES}")
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
compileall.compile_dir("${GUEST_PACKAGES}", quiet=2, workers=1, invalidation_mode=mode)
`;

const [folder, packages, wheels] = Deno.args;
const { info } = JSON.parse(Deno.readTextFileSync(`${folder}pyodide-lock.json`));
const { loadPyodide } = await import(`${folder}pyodide.mjs`);
const pyodide = await loadPyodide({
  ...CONFIGURATION,
  indexURL: folder,
  lockFileContents: { info, packages: {} },
});
const { FS } = pyodide;
FS.mkdirTree(GUEST_PACKAGES);
FS.mount(FS.filesystems.NODEFS, { root: packages }, GUEST_PACKAGES);
FS.mkdirTree(GUEST_WHEELS);
FS.mount(FS.filesystems.NODEFS, { root: wheels }, GUEST_WHEELS);
// What does not compile (templates, syntax of other versions) is left as source.
pyodide.runPython(INSTALL);
