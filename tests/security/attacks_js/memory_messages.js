/*
Take memory by messages that nobody takes.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const { port1 } = new MessageChannel();
const part = new Uint8Array(1 << 20).fill(1);
for (;;) port1.postMessage(part);
