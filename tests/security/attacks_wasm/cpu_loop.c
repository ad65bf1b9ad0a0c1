/*
Use the cpu for ever.

rows = [27, 28]
status = "timeout"
reason = "cpu-limit"
limits = { cpu-seconds = 0.3 }
*/
int main(void) {
  for (volatile int number = 0;; number++);
}
