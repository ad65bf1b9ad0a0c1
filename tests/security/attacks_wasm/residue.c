/*
Look for what another run has left, and leave something.

rows = [21, 22]
exit_code = 0
*/
#include "attempts.h"

int main(void) {
  attempt("residue", access("residue", F_OK) == 0);
  DIR *folder = opendir(".");
  for (struct dirent *entry; (entry = readdir(folder));) {
    const char *name = entry->d_name;
    attempt(name, strcmp(name, ".") && strcmp(name, "..") && strcmp(name, "attempts.h"));
  }
  fclose(fopen("residue", "w"));
  return outcome();
}
