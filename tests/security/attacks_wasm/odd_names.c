/*
Leave files whose names are made to confuse a terminal, a shell or a path.

rows = [33, 34, 41]
exit_code = 0
*/
#include "attempts.h"

int main(void) {
  const char *names[] = {"\033[2J", "-rf", "a\nb", "$(id)", "\xe2\x80\xae" "gpj", "..x", " ", "a\\b"};
  for (int index = 0; index < 8; index++) {
    FILE *file = fopen(names[index], "w");
    if (file) fputs("x", file);
  }
  attempt("bytes that are not text", open("\xff\xfe", O_CREAT | O_WRONLY, 0600) >= 0);
  return outcome();
}
