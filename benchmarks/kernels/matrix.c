#include "slices.h"

#define N 256

static double a[N][N], b[N][N], c[N][N];

static double work(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = i + 0.5 * j;
      b[i][j] = i - 0.25 * j;
      c[i][j] = 0;
    }
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
  return c[17][42];
}
