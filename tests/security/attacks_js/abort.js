/*
End the process from within, as a fault of the engine would.

rows = [7, 45]
status = ["crashed", "error"]
*/

process.abort();
