/*
Take in a file of the host as it is.

rows = [1, 44]
status = "error"
reason = "compile-failed"
*/
#include "/etc/hostname"
int main(void) { return 0; }
