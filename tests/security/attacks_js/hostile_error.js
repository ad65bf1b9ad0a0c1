/*
Throw an error whose every property fights whoever looks at it.

rows = [35]
status = "error"
exit_code = 1
*/

const fights = () => {
  throw new Proxy({}, { get: () => fights() });
};
class Hostile extends Error {
  get message() {
    return fights();
  }
  get stack() {
    return fights();
  }
  get name() {
    return fights();
  }
  get cause() {
    return fights();
  }
  toString() {
    return fights();
  }
  get [Symbol.toStringTag]() {
    return fights();
  }
  [Symbol.toPrimitive]() {
    return fights();
  }
  [Symbol.for("Deno.customInspect")]() {
    return fights();
  }
}
throw new Hostile();
