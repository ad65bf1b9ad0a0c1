"""Exact solvers and small calculators; only what is used gets loaded."""

from importlib import import_module

_MODULES = {
    "routes": ("shortest_tour",),
    "paths": ("shortest_path", "constrained_shortest_path", "critical_path", "topological_order"),
    "networks": ("max_flow", "min_spanning_tree"),
    "packing": ("knapsack", "subset_sum", "partition"),
    "bins": ("bin_packing", "makespan"),
    "coins": ("coin_ways", "min_coins"),
    "scheduling": ("job_shop", "weighted_tardiness"),
    "intervals": ("interval_scheduling", "min_rooms"),
    "covering": ("set_cover", "facility_location"),
    "matching": ("assignment",),
    "colouring": ("graph_colouring", "min_colours", "min_colors", "graph_coloring"),
    "groups": ("max_independent_set", "max_clique", "min_vertex_cover"),
    "logic": ("count_sat", "solve_sat", "max_sat"),
    "linear": ("milp", "linear_program"),
    "sequences": ("longest_common_subsequence", "longest_increasing_subsequence", "edit_distance"),
    "puzzles": ("n_queens", "sudoku"),
    "search": ("find_assignment", "all_assignments"),
    "dates": ("days_between", "add_days", "weekday", "business_days", "age_on", "time_between"),
    "units": ("convert",),
    "numerals": ("parse_fraction", "roman", "from_roman", "number_to_words"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"solvers has no {name!r}; it has: {', '.join(__all__)}")
    found: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
