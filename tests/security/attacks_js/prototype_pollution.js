/*
Give every object what the guest code may look for in its own.

rows = [37]
status = "error"
exit_code = 1
*/

for (const name of ["kind", "value", "error", "type", "message", "traceback", "line", "module", "toJSON", "code", "live", "name", "length", "default", "get", "set", "writable", "signal", "state", "path"]) {
  Object.prototype[name] = "polluted";
}
Array.prototype[0] = "polluted";
Array.prototype[Symbol.iterator] = function* () {
  yield "polluted";
};
Function.prototype.call = Function.prototype.apply = () => "polluted";
throw new Error("as it should be");
