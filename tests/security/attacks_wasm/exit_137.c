/*
Exit with the code that looks like a kill for memory.

rows = [39]
status = "error"
reason = "exit-nonzero"
exit_code = 137
*/
int main(void) { return 137; }
