/*
Open files until nothing more can be opened, which must not be the end of the process around it.

rows = [25]
exit_code = 0
limits = { open-files = 64 }
*/
#include "attempts.h"

int main(void) {
  int opened = 0;
  while (opened < 100000 && open("file", O_CREAT | O_WRONLY, 0600) >= 0) opened++;
  attempt("as many as it wants", opened >= 64 + 16);
  attempt("output ends", printf("%d\n", opened) < 0 || fflush(stdout));
  return outcome();
}
