/*
Recurse without end.

rows = [24, 45]
status = "crashed"
reason = "stack-overflow"
exit_code = 134
*/
static int depth(volatile int *number) {
  volatile int here = *number + 1;
  return depth(&here) + here;
}

int main(void) {
  volatile int number = 0;
  return depth(&number);
}
