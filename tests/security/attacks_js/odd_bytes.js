/*
Write what is no text, and what terminals obey.

rows = [33, 34]
*/

const text = "nul\0 broken\xff\xfe escape\x1b]0;owned\x07";
Deno.stdout.writeSync(Uint8Array.from(text, (character) => character.charCodeAt(0)));
console.log("\ud800 lone", "\u202e reversed", "a".padEnd(5000, "\u0301"));
console.error("%s %o %c", "\x1b[31m", Symbol("\x1b[2J"), "color: red");
({ text, lone: "\ud800", separator: "\u2028" });
