/**
 * Puts the snapshot's memory in place and gives spare memory back: with system calls where the start-up
 * may make them, else by copying.
 */

const LIBC = "libc.so.6";
const OPEN_READ_ONLY_CLOEXEC = 0o2000000;
const PROTECTION_READ_WRITE = 3;
const MAP_PRIVATE_FIXED = 0x12;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
};

/**
 * Fill the interpreter's memory from a file of exactly its size.
 *
 * Mapped privately where it can be: all sandboxes then share the pages that their programs do not write.
 * @param {Uint8Array} memory All of the interpreter's memory.
 * @param {string} path The snapshot's memory, unchanging for as long as anything has it mapped.
 */
export function restore(memory, path) {
  const size = Deno.statSync(path).size;
  if (size !== memory.length) throw new Error(`snapshot of ${size} bytes for a memory of ${memory.length}`);
  if (mayCallSystem()) map(memory, path);
  else copy(memory, path);
}

/** Return what the allocator has kept of memory that was freed. */
export function trim() {
  if (!mayCallSystem()) return;
  const libc = Deno.dlopen(LIBC, { malloc_trim: SYMBOLS.malloc_trim });
  libc.symbols.malloc_trim(0n);
  libc.close();
}

function mayCallSystem() {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

function map(memory, path) {
  const libc = Deno.dlopen(LIBC, SYMBOLS);
  const { open, close, mmap } = libc.symbols;
  const file = open(new TextEncoder().encode(`${path}\0`), OPEN_READ_ONLY_CLOEXEC);
  if (file < 0) throw new Error(`${path} cannot be opened`);
  const place = Deno.UnsafePointer.of(memory);
  const size = BigInt(memory.length);
  const got = mmap(place, size, PROTECTION_READ_WRITE, MAP_PRIVATE_FIXED, file, 0n);
  close(file);
  libc.close();
  if (!Deno.UnsafePointer.equals(got, place)) throw new Error(`${path} cannot be mapped`);
}

function copy(memory, path) {
  const file = Deno.openSync(path);
  let filled = 0;
  while (filled < memory.length) {
    const count = file.readSync(memory.subarray(filled));
    if (count === null) throw new Error(`${path} ends after ${filled} bytes`);
    filled += count;
  }
  file.close();
}
