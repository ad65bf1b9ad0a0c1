/*
Throw what is no error and answers every question by another question.

rows = [35]
status = ["error", "timeout"]
limits = { wall-seconds = 5 }
*/

const trap = () => {
  throw hostile;
};
const names = Object.getOwnPropertyNames(Reflect);
const hostile = new Proxy(() => {}, Object.fromEntries(names.map((name) => [name, trap])));
throw hostile;
