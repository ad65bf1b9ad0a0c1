/*
Take in files of the host by `#include`, in every spelling; each that is found is an error of its own.

rows = [1, 44]
exit_code = 0
*/
#if __has_include("/etc/shadow") || __has_include("/etc/hostname") || __has_include("/etc/os-release")
#error escaped
#endif
#if __has_include("../../../etc/hostname") || __has_include("/opt/../etc/shadow") || __has_include("../tmp/x")
#error escaped
#endif
#if __has_include(</usr/include/stdio.h>) || __has_include("/root/.bashrc") || __has_include("/var/log/dpkg.log")
#error escaped
#endif
int main(void) { return 0; }
