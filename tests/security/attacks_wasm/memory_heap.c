/*
Take memory until there is none, and fail.

rows = [24]
status = "memory"
reason = "memory-limit"
limits = { memory-mib = 64 }
*/
#include <stdlib.h>

int main(void) {
  for (;;) {
    volatile char *block = malloc(1 << 20);
    if (!block) abort();
    for (int index = 0; index < 1 << 20; index += 64) block[index] = 'x';
  }
}
