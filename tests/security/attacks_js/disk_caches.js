/*
Fill what Deno itself keeps on disk: caches, local storage, databases, module caches.

rows = [21, 26]
status = ["disk", "error", "ok"]
limits = { disk-mib = 4 }
*/

const part = new Uint8Array(1 << 20).fill(1);
const ways = [
  async (count) => (await caches.open("cache")).put(`http://x/${count}`, new Response(part)),
  (count) => localStorage.setItem(`${count}`, "x".repeat(1 << 20)),
  (count) => sessionStorage.setItem(`${count}`, "x".repeat(1 << 20)),
  (count) => Deno.writeFileSync(`/box/deno/${count}`, part),
  (count) => Deno.writeFileSync(`/tmp/${count}`, part),
];
let refused;
for (const way of ways) {
  for (let count = 0; count < 8; count++) {
    try {
      await way(count);
    } catch (error) {
      refused = error;
    }
  }
}
throw refused;
