/*
Print half a gigabyte without a line end.

rows = [32]
status = "output"
reason = "output-limit"
*/
#include <unistd.h>

static char block[1 << 20];

int main(void) {
  for (int count = 0; count < 512; count++)
    for (int done = 0; done < sizeof block;) {
      int size = write(1, block + done, sizeof block - done);
      if (size < 0) return 1;
      done += size;
    }
}
