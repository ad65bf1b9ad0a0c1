done();
for (const end = Date.now() + 5000; Date.now() < end; );
