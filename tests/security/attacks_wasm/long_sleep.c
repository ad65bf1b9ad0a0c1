/*
Wait in a call of the host for longer than is allowed: nothing inside can interrupt that.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.3 }
*/
#include <unistd.h>

int main(void) { sleep(600); }
