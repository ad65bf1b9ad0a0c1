/** Starts Pyodide from the memory snapshot that was made at set-up. */

import { restore } from "./pyodide_memory.js";

/** What the interpreter is configured with, when the snapshot is made and whenever it is restored. */
export const CONFIGURATION = {
  env: { HOME: "/box/work", PYTHONDONTWRITEBYTECODE: "1" },
  // Programs read and write bytes by the streams that the sandbox sets; nothing is printed before.
  stdin: () => null,
  // Packages come from a folder; the list of those in the distribution is for set-up.
  packageBaseUrl: "/opt/packages",
};

/**
 * Load the interpreter.
 * @param {string} folder The distribution with its snapshot, ending in a slash.
 * @returns {Promise<object>} Pyodide's own API object.
 */
export async function load(folder) {
  const [{ loadPyodide }, { default: create }] = await Promise.all([
    import(`${folder}pyodide.mjs`),
    import(`${folder}pyodide.asm.mjs`),
  ]);
  const { info } = JSON.parse(Deno.readTextFileSync(`${folder}snapshot.json`));
  const options = {
    ...CONFIGURATION,
    indexURL: folder,
    lockFileContents: { info, packages: {} },
    createPyodideModule: (settings) => instantiate(create, settings, folder),
    // Only the references to JavaScript objects: the memory itself does not pass through a buffer.
    _loadSnapshot: Deno.readFileSync(`${folder}snapshot.head`),
  };
  const pyodide = await loadPyodide(options);
  delete pyodide._api.config._loadSnapshot;
  return pyodide;
}

async function instantiate(create, settings, folder) {
  const module = await create(settings);
  restore(new Uint8Array(module.HEAP8.buffer), `${folder}snapshot.memory`);
  // Each holds on to the file that it has read.
  delete module.instantiateWasm;
  delete module.preRun;
  return module;
}
