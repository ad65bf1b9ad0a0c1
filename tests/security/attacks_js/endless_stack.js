/*
Format the stack without end.

rows = [35, 37]
status = ["timeout", "error"]
limits = { wall-seconds = 1 }
*/

Error.prepareStackTrace = () => {
  for (;;);
};
null.nothing;
