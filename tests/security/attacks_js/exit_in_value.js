/*
Exit while the value is looked at.

rows = [35, 39]
status = "error"
exit_code = 7
*/

({
  get value() {
    return Deno.exit(7);
  },
});
