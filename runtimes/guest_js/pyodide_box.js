/** Gives the interpreter its folders, its standard streams, and a descriptor for the report. */

import { MOUNTS } from "./channel.js";

const WORK = "/box/work";
const TEMPORARY = "/box/tmp";
const PACKAGES = "/opt/packages";
const DEVICE_MAJOR = 90;

/**
 * Show the sandbox's folders where the native tier has them.
 *
 * They are those of the process itself, so that limits and output files are the same for both.
 * @param {object} pyodide
 * @param {{box: string, packages: string}} places Where they are for this process.
 */
export function mountFolders({ FS, ERRNO_CODES }, { box, packages }) {
  explainRefusals(FS, ERRNO_CODES);
  mount(FS, `${box}/work`, WORK);
  mount(FS, `${box}/tmp`, TEMPORARY);
  FS.rmdir("/tmp");
  FS.symlink(TEMPORARY, "/tmp");
  if (isFolder(packages)) mount(FS, packages, PACKAGES);
  mount(FS, MOUNTS, MOUNTS); // empty until the program is known
  FS.chdir(WORK);
}

/**
 * Connect the interpreter's standard streams to those of the process, byte by byte.
 * @param {object} pyodide
 */
export function connectStreams(pyodide) {
  pyodide.setStdin({ read: (buffer) => Deno.stdin.readSync(buffer) ?? 0, isatty: false });
  pyodide.setStdout({ write: (buffer) => Deno.stdout.writeSync(buffer), isatty: false });
  pyodide.setStderr({ write: (buffer) => Deno.stderr.writeSync(buffer), isatty: false });
}

/**
 * Return a descriptor in the interpreter that passes on what is written to it.
 * @param {object} pyodide
 * @param {(bytes: Uint8Array) => void} write
 */
export function openDevice({ FS }, write) {
  const device = FS.makedev(DEVICE_MAJOR, 0);
  FS.registerDevice(device, {
    open: (stream) => (stream.seekable = false),
    close: () => {},
    read: () => 0,
    write: (_stream, buffer, offset, length) => {
      // A copy: the buffer is a view of the interpreter's own memory.
      write(Uint8Array.from(buffer.subarray(offset, offset + length)));
      return length;
    },
  });
  const path = "/dev/report";
  FS.mkdev(path, 0o600, device);
  const { fd } = FS.open(path, "w");
  FS.unlink(path);
  return fd;
}

/** Turn what the process may not do into errors of the file system; the interpreter would break at others. */
function explainRefusals(FS, { EACCES, EROFS, EIO }) {
  const { NODEFS } = FS.filesystems;
  const attempt = NODEFS.tryFSOperation;
  NODEFS.tryFSOperation = (operation) => {
    try {
      return attempt(operation);
    } catch (error) {
      if (error instanceof FS.ErrnoError) throw error;
      if (!(error instanceof Deno.errors.NotCapable)) throw new FS.ErrnoError(EIO);
      throw new FS.ErrnoError(error.message.includes("write access") ? EROFS : EACCES);
    }
  };
}

function mount(FS, root, place) {
  FS.mkdirTree(place);
  FS.mount(FS.filesystems.NODEFS, { root }, place);
}

function isFolder(path) {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
