/*
Have a value that is too large.

rows = [35]
*/

({ text: "x".repeat(1 << 24), list: Array(1e6).fill("y") });
