/*
Include the program in itself, without end.

rows = [44]
status = "error"
reason = "compile-failed"
*/
#include __FILE__
int main(void) { return 0; }
