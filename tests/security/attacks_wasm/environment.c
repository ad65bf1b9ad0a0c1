/*
Look for variables that nobody has given to this program, and for arguments of the process.

rows = [13]
exit_code = 0
*/
#include "attempts.h"

extern char **environ;

int main(int count, char **arguments) {
  for (char **pair = environ; *pair; pair++) attempt(*pair, strncmp(*pair, "CANARY_", 7) != 0);
  attempt("arguments", count != 1 || strcmp(arguments[0], "main") != 0);
  return outcome();
}
