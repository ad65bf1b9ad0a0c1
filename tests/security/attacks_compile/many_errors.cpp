/*
Have the compiler say very much.

rows = [32, 44]
status = ["error", "output", "timeout", "memory"]
*/
#define E0 #error
#include <vector>
template <class T> void f(T t) { t.none(); f(std::vector<T>{t}); }
int main() { f(1); }
