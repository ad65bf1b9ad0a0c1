/*
Fill the disk with empty files and folders.

rows = [26]
status = "disk"
reason = "disk-files"
limits = { file-count = 64 }
*/

for (let number = 0; ; number++) {
  Deno.mkdirSync(`folder-${number}`);
  Deno.writeTextFileSync(`folder-${number}/file`, "");
}
