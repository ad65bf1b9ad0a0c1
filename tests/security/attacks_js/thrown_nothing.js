/*
Throw nothing, and reject with nothing, where nobody listens.

rows = [35]
status = "error"
exit_code = 1
*/

Promise.reject(undefined);
setTimeout(() => {
  throw null;
});
throw Symbol("nothing");
