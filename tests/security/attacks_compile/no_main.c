/*
Leave out the beginning of the program.

rows = [44]
status = "error"
reason = "compile-failed"
*/
int other(void) { return 0; }
