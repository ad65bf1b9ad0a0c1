/*
Make an object of hundreds of megabytes.

rows = [26, 44]
status = ["disk", "error", "memory", "timeout"]
*/
char large[600 << 20] = {1};
int main(void) { return large[0]; }
