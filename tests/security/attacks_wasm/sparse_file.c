/*
Leave a file that is much larger than what it holds.

rows = [26, 41]
status = ["ok", "error", "disk"]
*/
#include "attempts.h"

int main(void) { return ftruncate(open("sparse", O_CREAT | O_WRONLY, 0600), 1ll << 40) != 0; }
