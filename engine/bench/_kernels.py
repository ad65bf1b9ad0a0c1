"""Computations that say themselves how long they take, for each language.

Each prints the milliseconds of the shortest of its slices, which are shorter than most disturbances of a
machine. Where the numbers happen to lie in memory is worth up to a fifth in Python, so each slice has them
elsewhere.
"""

_PYTHON = """
import time

SETUP

def timed():
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin

def deeper(depth):
    return deeper(depth - 1) if depth else timed()

kept, best = [], float("inf")
for turn in range(60):
    kept.append([float(number) for number in range(turn % 8 + 1)])
    kept.append([1000 + number for number in range(turn % 8 + 1)])
    best = min(best, deeper(turn % 13))
print(best * 1000)
"""
_LOOP = """
def work():
    total = 0
    for number in range(10_000):
        total += number * number % 7
    return total
"""
_NUMPY = """
import numpy as np

left = np.arange(40_000.0).reshape(200, 200) % 7
right = left.T.copy()

def work():
    return float(np.sqrt(left * right + 1.5).sum() + np.sort(left, axis=None)[-1])
"""

_JAVASCRIPT = """
SETUP
let best = Infinity;
for (let turn = 0; turn < 40; turn++) {
  const begin = performance.now();
  work();
  best = Math.min(best, performance.now() - begin);
}
console.log(best);
"""
_JAVASCRIPT_SIEVE = """
function work() {
  const sieve = new Uint8Array(2_000_000).fill(1);
  for (let n = 2; n * n < sieve.length; n++)
    if (sieve[n]) for (let m = n * n; m < sieve.length; m += n) sieve[m] = 0;
}
"""
_JAVASCRIPT_PRODUCT = """
function work() {
  const n = 160, a = new Float64Array(n * n).fill(1.5), b = new Float64Array(n * n).fill(2.5);
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
    c[i * n + j] = sum;
  }
}
"""

_C = """
#include <stdio.h>
#include <string.h>
#include <time.h>

SETUP

static double now(void) {
  struct timespec moment;
  clock_gettime(CLOCK_MONOTONIC, &moment);
  return moment.tv_sec * 1e3 + moment.tv_nsec / 1e6;
}

int main(void) {
  double best = 1e9, sum = 0;
  for (int turn = 0; turn < 40; turn++) {
    double begin = now();
    sum += work();
    double took = now() - begin;
    if (took < best) best = took;
  }
  fprintf(stderr, "%g\\n", sum);  // so that the work cannot be left out
  printf("%.6f\\n", best);
}
"""
_C_SIEVE = """
static unsigned char sieve[2000000];

static double work(void) {
  memset(sieve, 1, sizeof sieve);
  for (unsigned n = 2; n * n < sizeof sieve; n++)
    if (sieve[n])
      for (unsigned m = n * n; m < sizeof sieve; m += n) sieve[m] = 0;
  unsigned count = 0;
  for (unsigned n = 2; n < sizeof sieve; n++) count += sieve[n];
  return count;
}
"""
_C_PRODUCT = """
#define N 160
static double a[N][N], b[N][N], c[N][N];

static double work(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = 1.5 + i, b[i][j] = 2.5 + j, c[i][j] = 0;
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
  return c[N - 1][N - 1];
}
"""

#: Language -> name of a computation -> the program.
KERNELS: dict[str, dict[str, str]] = {
    "python": {"loop": _PYTHON.replace("SETUP", _LOOP), "numpy": _PYTHON.replace("SETUP", _NUMPY)},
    "javascript": {
        "sieve": _JAVASCRIPT.replace("SETUP", _JAVASCRIPT_SIEVE),
        "product": _JAVASCRIPT.replace("SETUP", _JAVASCRIPT_PRODUCT),
    },
    "c": {"sieve": _C.replace("SETUP", _C_SIEVE), "product": _C.replace("SETUP", _C_PRODUCT)},
}
