/*
Compute at compile time without end.

rows = [27, 44]
status = ["error", "timeout", "memory"]
*/
constexpr long spin(long n) { long sum = 0; for (long i = 0; i < n; ++i) for (long j = 0; j < n; ++j) sum += i ^ j; return sum; }
static_assert(spin(1000000000) != 1);
int main() { return 0; }
