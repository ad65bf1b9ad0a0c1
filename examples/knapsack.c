// Which projects to fund under two budgets: an integer program, solved exactly by branch and bound.
//
//   isorun run examples/knapsack.c --flag=-O3
//   isorun run examples/knapsack.c --stdin "3 10 10  6 5 4  5 4 6  8 7 3"
//
// Input: the number of projects, money and people at hand; then for each project its value, money and people.
// The bound at each node is the best value with fractions of projects, for each budget alone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX 64

typedef struct {
  int value, money, people, number;
} Project;

static Project projects[MAX];
static int order[2][MAX];  // by value per unit of money, and of people
static int count, best;
static char taken[MAX], best_taken[MAX];
static long long nodes;

static int cost(int budget, int index) { return budget ? projects[index].people : projects[index].money; }

static int sorted_by;
static int by_density(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  long long left = (long long)projects[x].value * cost(sorted_by, y);
  long long right = (long long)projects[y].value * cost(sorted_by, x);
  return (left < right) - (left > right);
}

// The most that projects from `next` on can add if one budget alone counted and projects could be cut.
static double bound(int budget, int next, int left) {
  double value = 0;
  for (int rank = 0; rank < count && left > 0; rank++) {
    int index = order[budget][rank];
    if (index < next) continue;
    int price = cost(budget, index);
    if (price <= left) {
      value += projects[index].value;
      left -= price;
    } else {
      value += (double)projects[index].value * left / price;
      left = 0;
    }
  }
  return value;
}

static void search(int next, int value, int money, int people) {
  nodes++;
  if (value > best) {
    best = value;
    memcpy(best_taken, taken, sizeof taken);
  }
  if (next == count) return;
  if (value + bound(0, next, money) <= best || value + bound(1, next, people) <= best) return;
  Project *project = &projects[next];
  if (project->money <= money && project->people <= people) {
    taken[next] = 1;
    search(next + 1, value + project->value, money - project->money, people - project->people);
    taken[next] = 0;
  }
  search(next + 1, value, money, people);
}

static void invent(int *money, int *people) {
  unsigned state = 12345;
  count = 40;
  for (int index = 0; index < count; index++) {
    int *fields[] = {&projects[index].value, &projects[index].money, &projects[index].people};
    for (int field = 0; field < 3; field++) {
      state = state * 1103515245u + 12345u;
      *fields[field] = 10 + state / 65536 % 90;
    }
  }
  *money = *people = 700;
}

int main(void) {
  int money, people;
  if (scanf("%d %d %d", &count, &money, &people) == 3 && count > 0 && count <= MAX) {
    for (int index = 0; index < count; index++)
      if (scanf("%d %d %d", &projects[index].value, &projects[index].money, &projects[index].people) != 3) return 2;
  } else {
    invent(&money, &people);
  }
  for (int index = 0; index < count; index++) projects[index].number = index + 1;
  for (sorted_by = 0; sorted_by < 2; sorted_by++) {
    for (int index = 0; index < count; index++) order[sorted_by][index] = index;
    qsort(order[sorted_by], count, sizeof **order, by_density);
  }
  search(0, 0, money, people);
  printf("best value %d, proven in %lld nodes\nprojects", best, nodes);
  for (int index = 0; index < count; index++)
    if (best_taken[index]) printf(" %d", projects[index].number);
  puts("");
}
