/*
Include a device that never ends, if there is one.

rows = [44]
status = ["ok", "error", "memory", "timeout"]
*/
#include "/dev/zero"
int main(void) { return 0; }
