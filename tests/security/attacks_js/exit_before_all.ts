/*
Exit before the first line, from a module that is imported, with types that have to be taken out.

rows = [2, 39]
status = "error"
exit_code = 4
*/

import { leave } from "./attempts.ts";
enum Code {
  four = 4,
}
const code: Code = Code.four satisfies number;
leave(code as number);
console.log("after the end");
