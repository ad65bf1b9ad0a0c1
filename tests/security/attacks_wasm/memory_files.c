/*
Fill the folder with one file.

rows = [24, 26]
status = "disk"
reason = "disk-bytes"
limits = { disk-mib = 8 }
*/
#include "attempts.h"

int main(void) {
  static char block[65536];
  int file = open("large", O_CREAT | O_WRONLY, 0600);
  while (write(file, block, sizeof block) > 0);
  return 1;
}
