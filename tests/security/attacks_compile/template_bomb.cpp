/*
Instantiate templates without end.

rows = [24, 27, 44]
status = ["error", "memory", "timeout", "crashed"]
*/
template <int N, int M> struct Bomb { static const long value = Bomb<N - 1, M>::value + Bomb<N - 1, M + 1>::value; };
template <int M> struct Bomb<0, M> { static const long value = M; };
int main() { return Bomb<30, 0>::value & 1; }
