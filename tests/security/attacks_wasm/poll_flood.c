/*
Hand the host lists so long that handling them takes memory of its own.

rows = [24, 25]
status = ["ok", "error", "memory", "crashed", "timeout"]
limits = { memory-mib = 128, wall-seconds = 5 }
*/
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

int main(void) {
  size_t count = 1 << 20;
  __wasi_subscription_t *wanted = calloc(count, sizeof *wanted);
  __wasi_event_t *events = calloc(count, sizeof *events);
  if (!wanted || !events) return 1;
  for (size_t index = 0; index < count; index++) {
    wanted[index].u.tag = __WASI_EVENTTYPE_CLOCK;
    wanted[index].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    wanted[index].u.u.clock.timeout = 1;
  }
  __wasi_size_t ready;
  __wasi_poll_oneoff(wanted, events, count, &ready);
  __wasi_ciovec_t *pieces = calloc(1 << 22, sizeof *pieces);
  if (!pieces) return 1;
  __wasi_size_t written;
  __wasi_fd_write(1, pieces, 1 << 22, &written);
  return 0;
}
