/*
Change options from within the source: linker options, other libraries, plugins.

rows = [1, 44]
exit_code = 0
*/
#pragma comment(linker, "--export-all")
#pragma comment(lib, "/etc/passwd")
#pragma clang attribute push(__attribute__((annotate("x"))), apply_to = function)
int main(void) { return 0; }
#pragma clang attribute pop
