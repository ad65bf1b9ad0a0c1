/*
Make links out of the folder and open, list, rename and follow them in every spelling.

rows = [1, 3, 41]
exit_code = 0
*/
#include "attempts.h"

int main(void) {
  const char *targets[] = {"/etc/passwd", "/etc", "..", "../..", "../tmp", "/proc/self/root", "/", "./.."};
  char name[64], path[128];
  for (int index = 0; index < 8; index++) {
    sprintf(name, "link-%d", index);
    symlink(targets[index], name);
    attempt(targets[index], can_open(name));
    sprintf(path, "%s/", name);
    attempt("trailing slash", can_open(path));
    sprintf(path, "%s/.", name);
    attempt("trailing dot", can_open(path));
    sprintf(path, "%s/passwd", name);
    attempt("through it", can_open(path));
    sprintf(path, "%s/../etc/passwd", name);
    attempt("beside it", can_open(path));
    attempt("list", opendir(name) != NULL);
    struct stat status;
    attempt("stat", stat(name, &status) == 0);
    attempt("new file through it", open(path, O_CREAT | O_WRONLY, 0600) >= 0);
    sprintf(path, "hard-%d", index);
    attempt("hard link", link(targets[index], path) == 0);
  }
  mkdir("folder", 0700);
  symlink("..", "folder/up");
  attempt("up twice", can_open("folder/up/../tmp"));
  symlink("folder/up", "chain");
  attempt("chain", can_open("chain/../../etc/passwd"));
  mkdir("swap", 0700);
  rename("link-1", "swap/moved");
  attempt("renamed link", can_open("swap/moved/passwd"));
  symlink("loop", "loop");
  attempt("loop", can_open("loop"));
  return outcome();
}
