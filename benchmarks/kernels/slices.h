// Repeats `work` and prints the nanoseconds of the shortest turn: shorter than most disturbances of a machine.
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define TURNS 40

static int64_t now(void) {
  struct timespec moment;
  clock_gettime(CLOCK_MONOTONIC, &moment);
  return moment.tv_sec * 1000000000ll + moment.tv_nsec;
}

static double work(void);

int main(void) {
  int64_t best = INT64_MAX;
  double sum = 0;
  for (int turn = 0; turn < TURNS; turn++) {
    int64_t begin = now();
    sum += work();
    int64_t took = now() - begin;
    if (took < best) best = took;
  }
  fprintf(stderr, "%g\n", sum);  // so that the work cannot be left out
  printf("%lld\n", (long long)best);
}
