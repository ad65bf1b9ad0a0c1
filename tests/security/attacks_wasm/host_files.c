/*
Open files and folders of the host by every path that could lead there.

rows = [1, 3, 4, 9]
exit_code = 0
*/
#include "attempts.h"

int main(void) {
  const char *paths[] = {
      "/", "/etc/passwd", "/proc/self/environ", "/proc/self/exe", "/proc/1/mem", "/dev/null", "/dev/urandom",
      "/tmp", "/box", "/box/work", "/box/tmp", "/opt/isorun", "/opt/packages", "/usr/local/bin/python3",
      "..", "../..", "../tmp", "./../tmp", "../work", "x/../..", ".//../", "../../etc/passwd",
      "/../etc/passwd", "....", "..\\..", "/etc/passwd/", "./../", "",
  };
  for (size_t index = 0; index < sizeof paths / sizeof *paths; index++) {
    attempt(paths[index], is_foreign(paths[index]));
  }
  const char *names[] = {"CANARY_FILE", "CANARY_HOME_FILE", "CANARY_SOCKET_PATH"};
  for (int index = 0; index < 3; index++) {
    char path[4200];
    const char *target = getenv(names[index]);
    attempt(names[index], can_open(target));
    for (int depth = 1; depth < 12; depth++) {
      path[0] = 0;
      for (int level = 0; level < depth; level++) strcat(path, "../");
      strcat(path, target + 1);
      attempt(path, can_open(path));
    }
  }
  return outcome();
}
