/*
Take memory by waiting for what never comes.

rows = [24]
status = "memory"
limits = { memory-mib = 192 }
*/

const never = new Promise(() => {});
for (;;) never.then(() => new Array(1000));
