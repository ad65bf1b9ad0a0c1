/*
Have a value that goes on as long as one looks.

rows = [35]
status = ["ok", "timeout"]
limits = { wall-seconds = 5 }
*/

const endless = new Proxy([], {
  get: (target, name) => (name === "length" ? 2 ** 32 - 1 : name in target ? target[name] : endless),
  ownKeys: () => ["length", ...Array.from({ length: 1e5 }, (_, index) => `${index}`)],
});
new Map([[endless, endless]]);
