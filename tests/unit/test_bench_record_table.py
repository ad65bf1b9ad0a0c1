import re

import pytest

from engine.bench._record import Machine, Measurement, Note
from engine.bench._table import WIDTH, lines
from tests.unit._bench_records import MACHINE, compute, density, of_everything, records, startup, throughput

_LONG = "a very long name that nobody would give to anything " * 20


def row_of(shown: list[str], contender: str) -> list[str]:
    (found,) = [line for line in shown if contender in line]
    return found.split()


def test_figures_of_a_contender_stand_in_one_row() -> None:
    shown = lines(
        records(startup(values=tuple(float(value) for value in range(1, 101)), floor=(101.0,) * 100))
    )

    assert row_of(shown, "nsjail")[:7] == ["nothing", "nsjail", "warm", "100", "50.5", "95.0", "99.0"]
    assert row_of(shown, "nsjail")[7] == "0.500"


def test_rates_and_memory_have_ends_instead_of_percentiles() -> None:
    shown = lines(records(throughput("nsjail", "8", (20.0, 30.0, 10.0)), density("deno", "waiting", (12.0,))))

    assert row_of(shown, "nsjail")[4:7] == ["20.0", "10.0", "30.0"]
    assert row_of(shown, "deno")[4:7] == ["12.0", "12.0", "12.0"]
    assert sum("least" in line for line in shown) == 2


def test_every_benchmark_and_measure_has_a_table() -> None:
    shown = lines(of_everything())

    assert [line for line in shown if re.match(r"[A-Z]{4}", line)] == [
        "STARTUP: result, ms",
        "STARTUP: first byte, ms",
        "THROUGHPUT: runs per second, runs/s",
        "DENSITY: memory, MiB",
        "COMPUTE: time, s",
    ]
    assert shown[-1] == "note: eryx: not installed"


def test_best_stands_first_in_each_variant() -> None:
    slow, fast = startup("slow", values=(9.0,)), startup("fast", values=(1.0,))
    packages = startup("pandas", variant="packages", values=(0.5,))
    few, many = throughput("few", "8", (1.0,)), throughput("many", "8", (9.0,))
    alone = throughput("alone", "1", (2.0,))

    shown = "\n".join(lines(records(packages, slow, fast, few, many, alone)))

    order = re.findall("^(?:nothing|packages|1|8) +([a-z]+)", shown, re.MULTILINE)
    assert order == ["fast", "slow", "pandas", "alone", "many", "few"]


def test_values_of_the_same_figure_are_put_together() -> None:
    shown = lines(records(startup(values=(1.0, 2.0)), startup(values=(3.0,))))

    assert row_of(shown, "nsjail")[3:5] == ["3", "2.00"]


def test_computation_is_compared_with_native() -> None:
    shown = lines(records(compute("deno", "loop", (20.0,), floor=(10.0,))))

    assert any("x native" in line for line in shown)
    assert row_of(shown, "deno")[-1] == "2.00"


@pytest.mark.parametrize("values", [(0.0,), (-1.0, 1e-300), (1e300, 1.0), tuple(map(float, range(1000)))])
@pytest.mark.parametrize("name", ["n", _LONG, "\n\n\x1b[31m", "\u202e" * 200])
def test_no_line_is_wider_than_a_terminal_or_steers_it(name: str, values: tuple[float, ...]) -> None:
    machine = Machine(
        cpu=name, cores=2, memory_mib=1, kernel=name, python=name, versions={name: name}, measured_at=1e300
    )
    hostile = startup(name, path=name, variant=name, measure=name, values=values, floor=values)

    shown = lines(records(hostile, machine=machine, notes=[Note(contender=name, text=name)]))

    assert max(map(len, shown)) <= WIDTH
    assert all(line.isprintable() for line in shown)


def test_figure_without_values_is_noted() -> None:
    shown = lines(records(startup(values=())))

    assert "nothing was measured" in shown
    assert shown[-1] == "note: nsjail warm nothing: no values of startup, result"


def test_forty_notes_are_shown_and_others_counted() -> None:
    notes = [Note(contender="x", text=str(number)) for number in range(42)]

    assert lines(records(notes=notes))[-2:] == ["note: x: 39", "note: and 2 more"]
    assert lines(records(notes=notes[:40]))[-1] == "note: x: 39"


def test_quick_measurement_says_so() -> None:
    quick = Machine(cpu="x", cores=1, memory_mib=1, kernel="6", python="3", quick=True)

    assert any(line.startswith("quick:") for line in lines(records(machine=quick)))
    assert not any(line.startswith("quick:") for line in lines(records(machine=MACHINE)))


def test_peer_is_marked() -> None:
    peer: Measurement = startup("bwrap", path="", is_peer=True)

    assert "(peer)" in row_of(lines(records(peer)), "bwrap")
