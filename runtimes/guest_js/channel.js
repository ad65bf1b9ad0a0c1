/**
 * How a sandbox hears and speaks: its program comes over standard input, what it says goes into a named pipe.
 *
 * In: four bytes of length (big-endian), a header in JSON, the source, the content of each input file, and then
 * the program's own standard input. Out: frames of four bytes of length and JSON.
 */

/** Where the sandbox shows what its policy mounts. */
export const MOUNTS = "/mnt";
const MAX_HEADER = 1 << 26;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Open the named pipe to the host and remove its name.
 * @param {string} path
 */
export function openReport(path) {
  const pipe = Deno.openSync(path, { write: true });
  Deno.removeSync(path);

  /** Write all bytes, as many calls as it takes. */
  function write(bytes) {
    for (let done = 0; done < bytes.length;) done += pipe.writeSync(bytes.subarray(done));
  }

  /** Send one frame. */
  function say(message) {
    write(frame(encoder.encode(JSON.stringify(message))));
  }

  return { write, say };
}

/**
 * Wait for the header of a program. It may come a moment before the rest.
 * @returns {{name: string, language: string, code: number, args: string[], env: Record<string, string>,
 *   live: boolean, mounts: boolean, files: [string, number, number][]}} Sizes in bytes; whether the policy
 *   mounts something; files by name, mode and size.
 */
export function receiveHeader() {
  const size = new DataView(exactly(4).buffer).getUint32(0);
  if (size > MAX_HEADER) throw new RangeError(`a header of ${size} bytes`);
  return JSON.parse(decoder.decode(exactly(size)));
}

/**
 * Wait for the program that a header announced, and all that comes with it.
 * @param {ReturnType<typeof receiveHeader>} header
 * @returns {{name: string, language: string, code: Uint8Array, args: string[], env: Record<string, string>,
 *   live: boolean, files: {name: string, mode: number, data: Uint8Array}[]}}
 */
export function receive(header) {
  const code = exactly(header.code);
  const files = header.files.map(([name, mode, bytes]) => ({ name, mode, data: exactly(bytes) }));
  return { ...header, code, files };
}

/**
 * Write the input files into the working folder, which nobody else has touched yet.
 * @param {{files: {name: string, mode: number, data: Uint8Array}[]}} request
 * @param {string} box Folder of the sandbox.
 */
export function place({ files }, box) {
  for (const { name, mode, data } of files) {
    const path = `${box}/work/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    Deno.writeFileSync(path, data, { createNew: true, mode });
  }
}

/**
 * Give up the right to read where the policy mounts nothing.
 * @param {{mounts: boolean}} header
 */
export function closeMounts({ mounts }) {
  if (!mounts) Deno.permissions.revokeSync({ name: "read", path: MOUNTS });
}

function frame(payload) {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

function exactly(size) {
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < size;) {
    const count = Deno.stdin.readSync(bytes.subarray(filled));
    if (count === null) Deno.exit(0); // the host gave this sandbox up
    filled += count;
  }
  return bytes;
}
