"""The optimum of each kind of generated problem, by a method that the helper library does not use.

All go through tables or enumerations that fit the sizes of the generator and would not fit much larger ones.
"""

from functools import cache
from itertools import combinations, pairwise, permutations, product

type Matrix = list[list[int]]


def shortest_tour(cities: list[tuple[int, int]], metric: str) -> int:
    """The length of a round trip, by recursion over what is still to be visited."""
    if metric != "manhattan":
        raise ValueError(f"only for distances on a grid, not `{metric}`")

    def apart(first: int, second: int) -> int:
        return sum(abs(a - b) for a, b in zip(cities[first], cities[second], strict=True))

    @cache
    def rest(here: int, left: frozenset[int]) -> int:
        if not left:
            return apart(here, 0)
        return min(apart(here, there) + rest(there, left - {there}) for there in left)

    return rest(0, frozenset(range(1, len(cities))))


def knapsack(values: list[int], weights: list[int], capacity: int) -> int:
    """The largest value, from a table over all capacities."""
    best = [0] * (capacity + 1)
    for value, weight in zip(values, weights, strict=True):
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]


def subset_sum(values: list[int], target: int) -> int:
    """The largest total up to the target, from the set of all totals."""
    totals = {0}
    for value in values:
        totals |= {total + value for total in totals}
    return max(total for total in totals if total <= target)


def bin_packing(sizes: list[int], capacity: int) -> int:
    """The fewest bins: for each set of sizes the fewest full ones, and the least in the last one."""
    best = [(1, 0)] + [(len(sizes) + 1, 0)] * ((1 << len(sizes)) - 1)
    for done in range(1, 1 << len(sizes)):
        for index, size in enumerate(sizes):
            if done >> index & 1:
                bins, load = best[done & ~(1 << index)]
                further = (bins, load + size) if load + size <= capacity else (bins + 1, size)
                best[done] = min(best[done], further)
    return best[-1][0]


def makespan(durations: list[int], machines: int) -> int:
    """The earliest end, from all loads that the machines can have."""
    loads = {(0,) * machines}
    for duration in durations:
        loads = {
            tuple(sorted((*load[:index], load[index] + duration, *load[index + 1 :])))
            for load in loads
            for index in range(machines)
        }
    return min(max(load) for load in loads)


def job_shop(jobs: list[list[tuple[int, int]]]) -> int:
    """The earliest end, from all states after so many operations."""
    machines = sorted({machine for job in jobs for machine, _ in job})
    states = {((0,) * len(jobs), (0,) * len(jobs), (0,) * len(machines))}
    for _ in range(sum(map(len, jobs))):
        states = {
            _operated(state, job, jobs, machines)
            for state in states
            for job in range(len(jobs))
            if state[0][job] < len(jobs[job])
        }
    return min(max(ready) for _, ready, _ in states)


type _Times = tuple[int, ...]


def _operated(
    state: tuple[_Times, _Times, _Times], job: int, jobs: list[list[tuple[int, int]]], machines: list[int]
) -> tuple[_Times, _Times, _Times]:
    done, ready, free = state
    machine, duration = jobs[job][done[job]]
    place = machines.index(machine)
    end = max(ready[job], free[place]) + duration
    return _with(done, job, done[job] + 1), _with(ready, job, end), _with(free, place, end)


def _with(times: _Times, place: int, value: int) -> _Times:
    return (*times[:place], value, *times[place + 1 :])


def weighted_tardiness(durations: list[int], dues: list[int], weights: list[int]) -> int:
    """The smallest penalty over all orders."""
    best = sum(weights) * sum(durations)
    for order in permutations(range(len(durations))):
        now = penalty = 0
        for job in order:
            now += durations[job]
            penalty += weights[job] * max(0, now - dues[job])
        best = min(best, penalty)
    return best


def assignment(costs: Matrix) -> int:
    """The smallest total, row by row over the sets of columns that are taken."""
    best = {0: 0}
    for row in costs:
        further: dict[int, int] = {}
        for taken, cost in best.items():
            for column, value in enumerate(row):
                if not taken >> column & 1:
                    key = taken | 1 << column
                    further[key] = min(further.get(key, cost + value), cost + value)
        best = further
    return min(best.values())


def set_cover(subsets: dict[str, list[int]], universe: list[int]) -> int:
    """The fewest subsets: all choices of one, of two, and so on."""
    for count in range(1, len(subsets) + 1):
        for chosen in combinations(subsets.values(), count):
            if set(universe) <= {element for members in chosen for element in members}:
                return count
    raise ValueError("something is in no subset")


def graph_colouring(edges: list[tuple[str, str]], vertices: list[str]) -> int:
    """The fewest colours, for each set of vertices from the sets without one independent part of it."""
    around = _around(edges, vertices)
    free = [_independent(mask, around) for mask in range(1 << len(vertices))]
    fewest = [0] * len(free)
    for mask in range(1, len(free)):
        part, fewest[mask] = mask, len(vertices)
        lowest = mask & -mask
        while part:
            if part & lowest and free[part]:
                fewest[mask] = min(fewest[mask], fewest[mask ^ part] + 1)
            part = (part - 1) & mask
    return fewest[-1]


def max_independent_set(edges: list[tuple[str, str]], vertices: list[str]) -> int:
    """The size of the largest set without an edge, of all sets."""
    around = _around(edges, vertices)
    return max(mask.bit_count() for mask in range(1 << len(vertices)) if _independent(mask, around))


def _around(edges: list[tuple[str, str]], vertices: list[str]) -> list[int]:
    around = [0] * len(vertices)
    for first, second in edges:
        around[vertices.index(first)] |= 1 << vertices.index(second)
        around[vertices.index(second)] |= 1 << vertices.index(first)
    return around


def _independent(mask: int, around: list[int]) -> bool:
    return all(not around[index] & mask for index in range(len(around)) if mask >> index & 1)


def count_sat(clauses: list[list[int]], variables: int) -> int:
    """The number of rows of the truth table in which all clauses hold."""
    return sum(held == len(clauses) for held in _held(clauses, variables))


def max_sat(clauses: list[list[int]]) -> int:
    """The most clauses that hold in one row of the truth table."""
    return max(_held(clauses, max(abs(literal) for clause in clauses for literal in clause)))


def _held(clauses: list[list[int]], variables: int) -> list[int]:
    rows = product((False, True), repeat=variables)
    return [sum(any(row[abs(x) - 1] == (x > 0) for x in clause) for clause in clauses) for row in rows]


def facility_location(opening_costs: list[int], serving_costs: Matrix) -> int:
    """The smallest cost over all sets of open places."""
    places = range(len(opening_costs))
    return min(
        sum(opening_costs[place] for place in open_)
        + sum(min(row[place] for place in open_) for row in serving_costs)
        for count in range(1, len(opening_costs) + 1)
        for open_ in combinations(places, count)
    )


def constrained_shortest_path(
    edges: list[tuple[int, int, int, int]], start: int, end: int, limit: int
) -> int:
    """The smallest cost of all ways within the limit; edges lead from lower to higher numbers."""
    ways: dict[int, set[tuple[int, int]]] = {start: {(0, 0)}}
    for first, second, cost, time in sorted(edges):
        further = {(c + cost, t + time) for c, t in ways.get(first, ()) if t + time <= limit}
        ways.setdefault(second, set()).update(further)
    return min(cost for cost, _ in ways[end])


def coin_ways(amount: int, coins: list[int]) -> int:
    """The number of ways, coin by coin."""
    ways = [int(part % coins[0] == 0) for part in range(amount + 1)]
    for coin in coins[1:]:
        ways = [sum(ways[part - used] for used in range(0, part + 1, coin)) for part in range(amount + 1)]
    return ways[amount]


def interval_scheduling(intervals: list[tuple[int, int]]) -> int:
    """The most intervals that do not overlap, of all sets."""
    spans = sorted(intervals)
    for count in range(len(spans), 0, -1):
        for chosen in combinations(spans, count):
            if all(first[1] <= second[0] for first, second in pairwise(chosen)):
                return count
    return 0
