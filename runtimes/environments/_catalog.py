"""The built-in environments."""

from importlib.resources import files

from ._declare import COMMON_MODULES
from ._layout import BASE, DATA
from ._manifest import Recipe

#: Importable names that `data` is made for, known before it is set up; its lock has their dependencies too.
DATA_MODULES = frozenset(
    {
        "PIL",
        "dateutil",
        "highspy",
        "matplotlib",
        "networkx",
        "numpy",
        "openpyxl",
        "ortools",
        "pandas",
        "pulp",
        "regex",
        "scipy",
        "sklearn",
        "sympy",
        "tzdata",
    }
)
_DATA_PRELOAD = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.stats",
    "networkx",
)
#: Tests (70 of 500 MB) of packages that import nothing from there, and solvers for other systems.
_DATA_UNNEEDED = (
    "matplotlib/tests",
    "mpl_toolkits/**/tests",
    "networkx/**/tests",
    "numpy/**/tests",
    "ortools/**/*_test.py",
    "pandas/tests",
    "pulp/solverdir/cbc/linux/i32",
    "pulp/solverdir/cbc/osx",
    "pulp/solverdir/cbc/win",
    "pulp/tests",
    "scipy/**/tests",
    "sklearn/**/tests",
    "sympy/**/tests",
)


def built_in(name: str) -> Recipe | None:
    """Return the recipe of a built-in environment, or None."""
    match name:
        case "base":
            return Recipe(name=BASE, source="built-in", preload=COMMON_MODULES)
        case "data":
            lock = files(__package__).joinpath("data.txt").read_text(encoding="utf-8")
            return Recipe(
                name=DATA,
                source="built-in",
                lock=lock,
                preload=COMMON_MODULES + _DATA_PRELOAD,
                unneeded=_DATA_UNNEEDED,
            )
        case "wasm":
            lock = files(__package__).joinpath("wasm.txt").read_text(encoding="utf-8")
            return Recipe(name="wasm", source="built-in", lock=lock, preload=("wasmtime",))
        case _:
            return None
