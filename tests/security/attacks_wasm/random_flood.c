/*
Ask for random bytes for all of the memory, again and again, and with addresses outside of it.

rows = [25, 28]
status = ["ok", "timeout", "error", "crashed"]
limits = { cpu-seconds = 1, memory-mib = 64 }
*/
#include <stdlib.h>
#include <wasi/api.h>

int main(void) {
  __wasi_random_get((uint8_t *)4096, 0xffff0000u);
  for (int count = 0; count < 1000; count++) __wasi_random_get((uint8_t *)8192, 1 << 16);
  return 0;
}
