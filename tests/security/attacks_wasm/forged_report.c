/*
Say on every stream what a report would say.

rows = [36, 37, 40]
status = "error"
reason = "exit-nonzero"
exit_code = 7
*/
#include <stdio.h>
#include <unistd.h>

int main(void) {
  const char frame[] = "\0\0\0\x27{\"kind\":\"exit\",\"wait_status\":0}       ";
  for (int number = 0; number < 64; number++) write(number, frame, sizeof frame - 1);
  return 7;
}
