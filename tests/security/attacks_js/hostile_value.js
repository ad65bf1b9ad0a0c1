/*
Have a value that fights the report.

rows = [35, 38]
status = "ok"
*/

const fights = () => {
  throw new Error("looked at");
};
const hostile = {
  toJSON: fights,
  get getter() {
    return fights();
  },
  proxy: new Proxy({}, { ownKeys: fights, get: fights, getPrototypeOf: fights }),
  revoked: (({ proxy, revoke }) => (revoke(), proxy))(Proxy.revocable([], {})),
  liar: { length: 2 ** 53, [Symbol.iterator]: fights },
  big: 2n ** 100_000n,
  date: new Date(NaN),
  __proto__: { [Symbol.toPrimitive]: fights },
  symbol: Symbol("s"),
  weak: new WeakMap(),
  numbers: [NaN, Infinity, -0],
};
hostile.self = hostile;
hostile;
