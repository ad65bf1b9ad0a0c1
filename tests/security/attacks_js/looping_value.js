/*
Have a value with a property that never answers.

rows = [28, 35]
status = "timeout"
limits = { wall-seconds = 1 }
*/

({
  get endless() {
    for (;;);
  },
});
