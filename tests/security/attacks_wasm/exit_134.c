/*
Exit with the code that a trap has.

rows = [39]
status = "error"
reason = "exit-nonzero"
exit_code = 134
*/
int main(void) { return 134; }
