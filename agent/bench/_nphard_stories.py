"""What generated problems are about: wordings of each kind, filled with the numbers of an instance."""

from collections.abc import Callable, Iterable
from typing import Any

type Data = dict[str, Any]
type Story = Callable[[Data], str]


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows)


def _points(data: Data, name: str) -> str:
    return _lines(f"{name} {index}: ({x}, {y})" for index, (x, y) in enumerate(data["cities"], 1))


def _numbers(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))


def _items(data: Data, line: str) -> str:
    pairs = zip(data["weights"], data["values"], strict=True)
    return _lines(line.format(index, weight=w, value=v) for index, (w, v) in enumerate(pairs, 1))


def _jobs(data: Data, machine: str) -> str:
    return _lines(
        f"Order {index}: " + ", ".join(f"{machine} {name} ({minutes} min)" for name, minutes in job)
        for index, job in enumerate(data["jobs"], 1)
    )


def _late(data: Data, line: str) -> str:
    rows = zip(data["durations"], data["dues"], data["weights"], strict=True)
    return _lines(line.format(index, time=t, due=d, weight=w) for index, (t, d, w) in enumerate(rows, 1))


def _table(rows: list[list[int]], name: str) -> str:
    return _lines(f"{name} {index}: {_numbers(row)}" for index, row in enumerate(rows, 1))


def _sets(data: Data) -> str:
    return _lines(f"{name}: {_numbers(members)}" for name, members in data["subsets"].items())


def _pairs(data: Data) -> str:
    return "; ".join(f"{first} and {second}" for first, second in data["edges"])


def _formula(data: Data) -> str:
    return " and ".join(f"({_clause(clause)})" for clause in data["clauses"])


def _clause(clause: list[int]) -> str:
    return " or ".join(f"x{literal}" if literal > 0 else f"not x{-literal}" for literal in clause)


def _roads(data: Data, line: str) -> str:
    return _lines(line.format(a=a, b=b, cost=cost, time=time) for a, b, cost, time in data["edges"])


def _talks(data: Data) -> str:
    return _lines(
        f"{index}. {start // 60}:{start % 60:02} to {end // 60}:{end % 60:02}"
        for index, (start, end) in enumerate(data["intervals"], 1)
    )


def _times(data: Data) -> str:
    return "; ".join(f"from {start} to {end}" for start, end in data["intervals"])


STORIES: dict[str, tuple[Story, ...]] = {
    "shortest_tour": (
        lambda d: (
            "A gardener waters every flower bed of a park once and comes back to bed 1, where the tap is. "
            "Paths run "
            f"only north-south and east-west, so distances are |dx| + |dy| metres.\n{_points(d, 'bed')}\n"
            "How many metres has the shortest such round?"
        ),
        lambda d: (
            "The head of a drilling machine rests over hole 1. It has to go to all other holes of a board, "
            "each "
            "exactly once, and return. It moves along one axis after the other (Manhattan distance, in mm).\n"
            f"{_points(d, 'hole')}\nFind the minimum total length of its tour."
        ),
    ),
    "knapsack": (
        lambda d: (
            f"Nadia's suitcase may weigh {d['capacity']} hundred grams. Of these souvenirs she has one "
            "each:\n"
            + _items(d, "{0}) weight {weight}, worth {value} euros")
            + "\nWhat is the greatest worth of souvenirs that she can take home?"
        ),
        lambda d: (
            f"A museum has {d['capacity']} square metres for a show. Each exhibit needs some space and "
            "draws some "
            "visitors; it is shown once or not at all.\n"
            + _items(d, "exhibit {0}: needs {weight} square metres, draws {value} visitors")
            + "\nHow many visitors can be drawn at most?"
        ),
    ),
    "subset_sum": (
        lambda d: (
            f"A tape holds {d['target']} seconds. Songs of these lengths in seconds are there, one copy of "
            "each: "
            f"{_numbers(d['values'])}. Pick songs so that as many seconds as possible are filled without "
            "exceeding "
            "the tape. How many seconds is that?"
        ),
        lambda d: (
            f"Pallets of {_numbers(d['values'])} kg wait for a lift that takes at most {d['target']} kg. "
            "What is the "
            "largest total weight that can go up in one ride, if some of the pallets are chosen?"
        ),
    ),
    "bin_packing": (
        lambda d: (
            f"A plumber needs pipes of {_numbers(d['sizes'])} cm and cuts them from bars of {d['capacity']} "
            "cm; no "
            "pipe may be joined from pieces. What is the smallest number of bars to buy?"
        ),
        lambda d: (
            f"Files of {_numbers(d['sizes'])} MB are to be stored on memory cards of {d['capacity']} MB "
            "each. A file "
            "has to fit on one card as a whole. What is the fewest number of cards with which this can be "
            "done?"
        ),
    ),
    "makespan": (
        lambda d: (
            f"{d['machines']} equally fast cooks prepare dishes that take {_numbers(d['durations'])} "
            "minutes. Each "
            "dish is made by one cook without a break. After how many minutes at the earliest can "
            "everything be done?"
        ),
        lambda d: (
            f"Rendering jobs of {_numbers(d['durations'])} minutes are distributed over {d['machines']} "
            "identical "
            "servers; a job stays on one server. What is the minimum time until the last server is finished?"
        ),
    ),
    "job_shop": (
        lambda d: (
            "In a print shop every order visits the machines in the sequence given for it. A machine "
            "handles one "
            "order at a time and is never interrupted.\n"
            + _jobs(d, "machine")
            + "\nWhat is the shortest time in minutes in which all orders can be completed?"
        ),
        lambda d: (
            "Cars go through stations of a garage, each in its own order of stations; at a station there is "
            "room for "
            "one car, and work that has begun is carried through.\n"
            + _jobs(d, "station")
            + "\nWhen, in minutes, is the last car finished at the earliest?"
        ),
    ),
    "weighted_tardiness": (
        lambda d: (
            "A translator works on one text after the other, from hour 0 on and without pauses. For each "
            "hour that a "
            "text is late a fine is due.\n"
            + _late(d, "text {0}: takes {time} hours, deadline at hour {due}, fine {weight} per hour")
            + "\nWhat is the smallest total fine?"
        ),
        lambda d: (
            "One kiln fires pots batch by batch. Batches that are ready after their due time cost a penalty "
            "for "
            "each minute of delay.\n"
            + _late(d, "batch {0}: duration {time}, due {due}, penalty {weight} per minute")
            + "\nFind the order with the least total penalty and give that penalty."
        ),
    ),
    "assignment": (
        lambda d: (
            f"{len(d['costs'])} taxis are to be sent to {len(d['costs'])} callers, one to each. Minutes of "
            "driving, "
            f"a row for each taxi, a column for each caller:\n{_table(d['costs'], 'taxi')}\n"
            "What is the minimum sum of driving minutes?"
        ),
        lambda d: (
            "Every translator of an office takes over exactly one book. Their fees by book:\n"
            f"{_table(d['costs'], 'translator')}\nWhat is the lowest total cost of such an assignment?"
        ),
    ),
    "set_cover": (
        lambda d: (
            f"A library wants all topics {_numbers(d['universe'])} covered. It can buy these handbooks, "
            "each covering "
            f"some of them:\n{_sets(d)}\nWhat is the minimum number of handbooks to buy?"
        ),
        lambda d: (
            f"Each of the villages {_numbers(d['universe'])} must be covered by an antenna. Possible "
            "antennas and the "
            f"villages in reach:\n{_sets(d)}\nHow few antennas are enough?"
        ),
    ),
    "graph_colouring": (
        lambda d: (
            f"Radio stations {', '.join(d['vertices'])} get frequencies. These pairs are so close that they "
            "must not "
            f"share a frequency: {_pairs(d)}. What is the smallest number of frequencies?"
        ),
        lambda d: (
            f"Colour the regions {', '.join(d['vertices'])} of a map so that neighbours never have the same "
            "colour. "
            f"Neighbours are: {_pairs(d)}. How many colours are needed at least?"
        ),
    ),
    "max_independent_set": (
        lambda d: (
            f"Fish of the kinds {', '.join(d['vertices'])} are for sale. These two kinds fight each other "
            "and cannot "
            f"be kept together: {_pairs(d)}. What is the largest number of kinds for one tank?"
        ),
        lambda d: (
            f"Of the chemicals {', '.join(d['vertices'])} no two that react may stand in the same cupboard. "
            "Pairs "
            f"that react: {_pairs(d)}. What is the maximum number of chemicals in one cupboard?"
        ),
    ),
    "count_sat": (
        lambda d: (
            f"Switches x1 to x{d['variables']} are on or off. An alarm stays silent exactly "
            f"if\n{_formula(d)}.\n"
            "For how many of all settings of the switches does this formula hold?"
        ),
        lambda d: (
            f"Count the assignments of true and false to x1, ..., x{d['variables']} that "
            f"satisfy\n{_formula(d)}"
        ),
    ),
    "max_sat": (
        lambda d: (
            "Each line is a wish about options x1, x2, ... that are taken or not; it is granted if one of "
            "its parts "
            f"holds.\n{_lines(_clause(clause) for clause in d['clauses'])}\n"
            "What is the largest number of wishes that can be satisfied together?"
        ),
        lambda d: (
            f"Given the clauses\n{_lines(f'({_clause(clause)})' for clause in d['clauses'])}\n"
            "how many clauses can one choice of truth values satisfy at most?"
        ),
    ),
    "facility_location": (
        lambda d: (
            f"A bakery chain can open kitchens at {len(d['opening_costs'])} sites for a fixed cost of "
            f"{_numbers(d['opening_costs'])}. Each shop is served by one open kitchen. Delivery costs to a "
            "shop from "
            f"each of the sites:\n{_table(d['serving_costs'], 'shop')}\nWhat is the smallest total cost?"
        ),
        lambda d: (
            "Schools are supplied by warehouses that first have to be opened. Opening costs: "
            f"{_numbers(d['opening_costs'])}. Supply costs, a row for each school, a column for each "
            "warehouse:\n"
            f"{_table(d['serving_costs'], 'school')}\nFind the minimum of opening and supply costs together."
        ),
    ),
    "constrained_shortest_path": (
        lambda d: (
            "Trains run in one direction between stations:\n"
            + _roads(d, "{a} -> {b}: fare {cost}, {time} minutes")
            + f"\nWhat is the cheapest total fare from station {d['start']} to {d['end']} if the ride "
            f"may not exceed {d['limit']} minutes?"
        ),
        lambda d: (
            "A hiker goes along marked paths, each only in the direction given:\n"
            + _roads(d, "from {a} to {b}: {cost} metres of climb, {time} minutes")
            + f"\nShe is at {d['start']} and must reach {d['end']} within {d['limit']} minutes. What is the "
            "smallest total climb in metres?"
        ),
    ),
    "coin_ways": (
        lambda d: (
            f"A vending machine returns {d['amount']} cents with coins of {_numbers(d['coins'])} cents and "
            "never runs "
            "out of any. How many different combinations of coins make this amount?"
        ),
        lambda d: (
            f"Stamps of {_numbers(d['coins'])} cents are there in any number. In how many ways can postage "
            "of "
            f"{d['amount']} cents be made up, if the order of the stamps does not matter?"
        ),
    ),
    "interval_scheduling": (
        lambda d: (
            f"Talks of a conference:\n{_talks(d)}\nYou want to hear whole talks, and no two that overlap; "
            "one may "
            "begin when another one ends. What is the largest number of talks that you can hear?"
        ),
        lambda d: (
            f"A telescope is requested {_times(d)} (minutes). Requests are granted as a whole, and two that "
            "are "
            "granted must not overlap. What is the maximum number of requests that can be granted?"
        ),
    ),
}
