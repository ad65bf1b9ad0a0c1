#include <string.h>

#include "slices.h"

static unsigned char sieve[4000000];

static double work(void) {
  memset(sieve, 1, sizeof sieve);
  for (unsigned n = 2; n * n < sizeof sieve; n++)
    if (sieve[n])
      for (unsigned m = n * n; m < sizeof sieve; m += n) sieve[m] = 0;
  unsigned count = 0;
  for (unsigned n = 2; n < sizeof sieve; n++) count += sieve[n];
  return count;
}
