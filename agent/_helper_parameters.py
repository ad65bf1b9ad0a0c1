"""Which data of a question is which parameter of a function of the helper library.

A small model passes lists in the order in which they come. Called like parameters they find their places.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import permutations

from ._tables import Given

#: Words of a table that tell lists of the same form apart.
_DURATION = "duration|takes?|taking|long|length|process\\w*|needs?|requires?|works?|burns?"
_DUE = "dues?|deadline|until|before|latest|promised"
_LATE = "penalt\\w+|fines?|weight|costs?|charge|fee|late\\w*|priority"
_WORTH = (
    "values?|worth|profit|benefit|points?|score|utility|rewards?|gains?|brings?|earns?|revenue|draws?|attracts?"
    "|visitors?|importance"
)
_BURDEN = (
    "weights?|weighs?|kg|g|grams?|pounds?|needs?|requires?|takes?|sizes?|space|volume|metres?|meters?|lit\\w+"
    "|costs?"
)

_TIME = "hour|min|time|day|duration|delay|second|ms\\b"

#: For each function its parameters, the form of each, and the words that speak for it.
_PARAMETERS: dict[str, dict[str, tuple[str, str]]] = {
    "assignment": {"costs": ("rows", "")},
    "bin_packing": {"sizes": ("numbers", "")},
    "coin_ways": {"coins": ("numbers", "")},
    "facility_location": {"opening_costs": ("numbers", ""), "serving_costs": ("rows", "")},
    "job_shop": {"jobs": ("steps", "")},
    "knapsack": {"values": ("numbers", _WORTH), "weights": ("numbers", _BURDEN)},
    "makespan": {"durations": ("numbers", "")},
    "min_coins": {"coins": ("numbers", "")},
    "partition": {"values": ("numbers", "")},
    "set_cover": {"subsets": ("sets", "")},
    "shortest_tour": {"cities": ("points", "")},
    "subset_sum": {"values": ("numbers", "")},
    "weighted_tardiness": {
        "durations": ("numbers", _DURATION),
        "dues": ("numbers", _DUE),
        "weights": ("numbers", _LATE),
    },
}


def named_for(function: str, data: Sequence[Given]) -> tuple[Given, ...]:
    """Return the data with the names of the parameters that they are, as far as that is certain."""
    if function == "constrained_shortest_path":
        data = [_with_time_last(given) for given in data]
    parameters = _PARAMETERS.get(function, {})
    renamed = {
        given.name: parameter
        for form in {form for form, _ in parameters.values()}
        for parameter, given in _matched(
            {name: words for name, (wanted, words) in parameters.items() if wanted == form},
            [given for given in data if _form(given) == form],
        )
    }
    taken = set(renamed.values())
    if any(given.name in taken and given.name not in renamed for given in data):
        return tuple(data)
    return tuple(given._replace(name=renamed.get(given.name, given.name)) for given in data)


def _with_time_last(edges: Given) -> Given:
    """Return edges in the order in which the function has them: cost, then time."""
    if edges.name != "edges" or len(edges.columns) != 4 or not isinstance(edges.value, list):
        return edges
    is_time = [re.search(_TIME, column, re.IGNORECASE) is not None for column in edges.columns[2:]]
    if is_time != [True, False]:
        return edges
    order = (0, 1, 3, 2)
    rows = [tuple(row[place] for place in order) for row in edges.value if isinstance(row, tuple)]
    return edges._replace(value=list[object](rows), columns=tuple(edges.columns[place] for place in order))


def _matched(parameters: dict[str, str], data: Sequence[Given]) -> Iterator[tuple[str, Given]]:
    """Yield pairs, if one way to make them is the best and each fits by its words, but for one left over."""
    if not data or len(data) > len(parameters):
        return
    ways = [tuple(zip(order, data, strict=True)) for order in permutations(parameters, len(data))]
    scored = sorted(((_fit(way, parameters), way) for way in ways), key=lambda pair: -pair[0])
    best, way = scored[0]
    is_only = len(scored) == 1 or best > scored[1][0]
    enough = len(data) - (len(data) == len(parameters))
    if is_only and best >= enough:
        yield from way


def _fit(way: Sequence[tuple[str, Given]], parameters: dict[str, str]) -> int:
    return sum(
        bool(parameters[name])
        and re.search(rf"\b(?:{parameters[name]})\b", given.said, re.IGNORECASE) is not None
        for name, given in way
    )


def _form(given: Given) -> str:
    """Return what a value is made of: `numbers`, `points`, `rows`, `steps` or `sets`."""
    if isinstance(given.value, dict):
        return "sets" if any(isinstance(entry, list) for entry in given.value.values()) else ""
    first = given.value[0] if given.value else None
    if isinstance(first, int | float):
        return "numbers"
    if isinstance(first, tuple):
        return given.name
    if isinstance(first, list):
        return "steps" if first and isinstance(first[0], tuple) else "rows"
    return given.name
