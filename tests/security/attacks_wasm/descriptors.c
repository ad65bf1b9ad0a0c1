/*
Use descriptors that were never opened: those of the process, or of another program.

rows = [18, 25, 36, 40]
exit_code = 0
*/
#include "attempts.h"

int main(void) {
  char buffer[16];
  struct stat status;
  for (int number = 4; number < 2048; number++) {
    attempt("read", read(number, buffer, sizeof buffer) >= 0);
    attempt("write", write(number, "x", 1) >= 0);
    attempt("stat", fstat(number, &status) == 0);
    attempt("open below", openat(number, "x", O_CREAT | O_WRONLY, 0600) >= 0);
    attempt("close", close(number) == 0);
  }
  attempt("read stdout", read(1, buffer, sizeof buffer) > 0);
  attempt("write stdin", write(0, "x", 1) > 0);
  return outcome();
}
