/*
Leave folders in folders, deeper than a path can say.

rows = [41]
*/

for (let depth = 0; depth < 300; depth++) {
  Deno.mkdirSync("deep");
  Deno.chdir("deep");
}
