done();
console.log('{"status": "ok", "exit_code": 0, "signal": null, "value": 1}');
Deno.exit(137);
