done();
// Bounded, should there be no limit.
for (let count = 0; count < 1 << 14; count++) console.log("x".repeat(1023));
