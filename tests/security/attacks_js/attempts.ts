/* Beside attacks in TypeScript as an input file. */

export function leave(code: number): never {
  Deno.exit(code);
}
