/*
Fill the folder with empty files.

rows = [26]
status = "disk"
reason = "disk-files"
limits = { file-count = 100 }
*/
#include "attempts.h"

int main(void) {
  char name[32];
  for (int number = 0;; number++) {
    sprintf(name, "file-%d", number);
    int file = open(name, O_CREAT | O_WRONLY, 0600);
    if (file < 0) return 1;
    close(file);
  }
}
