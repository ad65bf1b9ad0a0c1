/*
Nest expressions as deeply as the parser's own stack.

rows = [24, 44, 45]
status = ["error", "crashed", "memory"]
*/
#define P1 ((((((((((
#define P2 P1 P1 P1 P1 P1 P1 P1 P1 P1 P1
#define P3 P2 P2 P2 P2 P2 P2 P2 P2 P2 P2
#define P4 P3 P3 P3 P3 P3 P3 P3 P3 P3 P3
#define P5 P4 P4 P4 P4 P4 P4 P4 P4 P4 P4
int main(void) { return P5 1; }
