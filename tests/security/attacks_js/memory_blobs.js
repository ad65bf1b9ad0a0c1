/*
Take memory by blobs, which need no permission and are kept by their addresses.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const part = new Uint8Array(1 << 20).fill(1);
for (;;) URL.createObjectURL(new Blob([part]));
