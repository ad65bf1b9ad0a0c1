import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ConfigError
from engine.bench._comparison import Change, compared
from engine.bench._comparison_table import comparison_lines
from engine.bench._record import Line, Machine, Measurement, Records, encode
from engine.bench._table import WIDTH
from engine.cli import _exit
from engine.cli._bench_compare import compare, report
from tests.unit._bench_records import MACHINE, compute, density, of_everything, records, startup, throughput

_FASTER_HOUR = 0.5


def times(values: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in values)


def slower(measurement: Measurement, factor: float) -> Measurement:
    return msgspec.structs.replace(measurement, values=times(measurement.values, factor))


def change(before: Measurement, after: Measurement) -> Change:
    (found,) = compared(records(before), records(after)).changes
    return found


def kept(path: Path, found: Records) -> Path:
    lines: list[Line] = [found.machine, *found.measurements, *found.notes]
    path.write_text("".join(map(encode, lines)), encoding="utf-8")
    return path


def test_slower_runs_are_worse() -> None:
    found = change(startup(), slower(startup(), 1.5))

    assert found.verdict == "worse"
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(1.5)
    assert found.p_value < 0.05


def test_faster_runs_are_better() -> None:
    assert change(startup(), slower(startup(), 0.6)).verdict == "better"


def test_more_runs_per_second_are_better() -> None:
    before = throughput("nsjail", "8", (90.0, 91.0, 92.0, 93.0, 94.0))

    assert change(before, slower(before, 1.5)).verdict == "better"
    assert change(before, slower(before, 0.6)).verdict == "worse"


def test_faster_hour_of_the_machine_is_noise() -> None:
    before = startup()
    after = startup(values=times(before.values, _FASTER_HOUR), floor=times(before.floor, _FASTER_HOUR))

    found = change(before, after)

    assert found.in_floors
    assert found.verdict == "noise"
    assert found.before == pytest.approx(found.after)


@pytest.mark.parametrize(("doubtful", "verdict"), [(3, "noise"), (0, "worse")])
def test_uncertain_floor_makes_a_change_uncertain(doubtful: int, verdict: str) -> None:
    floor = (5.0,) * (7 - doubtful) + (10.0,) * doubtful

    found = change(startup(floor=floor), slower(startup(floor=floor), 1.5))

    assert found.verdict == verdict
    assert found.p_value < 0.05


def test_times_without_a_floor_must_differ_by_more_than_hours_do() -> None:
    before = startup(floor=())

    assert change(before, slower(before, 1.45)).verdict == "noise"
    assert change(before, slower(before, 1.55)).verdict == "worse"


@pytest.mark.parametrize(
    ("before", "just_below", "just_above"),
    [
        (startup(values=(5.0, 5.01, 5.02, 5.03, 5.04, 5.05, 5.06, 5.07)), 1.09, 1.15),
        (
            compute("nsjail", "loop", (5.0, 5.01, 5.02, 5.03, 5.04, 5.05, 5.06), floor=(5.0,) * 7),
            1.025,
            1.035,
        ),
        (density("nsjail", "waiting", (5.0, 5.01, 5.02, 5.03)), 1.018, 1.025),
    ],
    ids=["startup", "compute", "density"],
)
def test_change_counts_from_where_measurements_differ_anyway(
    before: Measurement, just_below: float, just_above: float
) -> None:
    assert change(before, slower(before, just_below)).verdict == "noise"
    assert change(before, slower(before, just_above)).verdict == "worse"


def test_memory_is_compared_in_its_own_unit() -> None:
    found = change(
        density("nsjail", "waiting", (2.0,), floor=(5.0,)), density("nsjail", "waiting", (3.0,), floor=(6.0,))
    )

    assert not found.in_floors
    assert (found.before, found.after) == (2.0, 3.0)


@pytest.mark.parametrize(("count", "verdict"), [(3, "too few"), (4, "worse")])
def test_three_runs_are_too_few_to_tell(count: int, verdict: str) -> None:
    before = startup(values=(5.0,) * count)

    assert change(before, slower(before, 2)).verdict == verdict


def test_zero_cannot_be_compared() -> None:
    found = change(startup(values=(0.0,) * 9), startup())

    assert (found.ratio, found.verdict) == (None, "too few")


def test_one_doubtful_difference_among_many_is_noise() -> None:
    doubtful = startup(values=tuple(map(float, range(10, 20))))
    shifted = startup(values=tuple(map(float, range(15, 25))))
    same = [startup(variant=str(number), values=(5.0,) * 5) for number in range(20)]

    alone = change(doubtful, shifted)
    among = compared(records(doubtful, *same), records(shifted, *same)).changes

    assert alone.verdict == "worse"
    assert {found.verdict for found in among} == {"noise"}


@settings(deadline=None, database=None, max_examples=20)
@given(st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=12))
def test_file_compared_with_itself_has_no_change(values: list[float]) -> None:
    found = change(startup(values=tuple(values)), startup(values=tuple(values)))

    assert found.verdict in {"noise", "too few"}
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(1)


def test_figures_of_one_file_only_are_named() -> None:
    found = compared(records(startup(), startup("wasm")), records(startup(), startup("deno")))

    assert found.only_before == ("startup wasm warm nothing result",)
    assert found.only_after == ("startup deno warm nothing result",)
    assert [one.contender for one in found.changes] == ["nsjail"]


def test_different_machines_are_said_first() -> None:
    other = msgspec.structs.replace(MACHINE, cpu="Other", cores=64, versions={"isorun": "2"})

    shown = comparison_lines(compared(records(startup()), records(startup(), machine=other)))

    assert shown[0] == "different machines: processor: Abacus, then Other; cores: 2, then 64"
    assert "versions: isorun: none, then 2" in shown


def test_memory_of_a_machine_may_differ_by_some_mib() -> None:
    other = msgspec.structs.replace(MACHINE, memory_mib=4090)

    assert compared(records(), records(machine=other)).machines == ()


def test_what_changed_stands_above_what_did_not() -> None:
    before = records(startup("a"), startup("b"), startup("c"), startup("d", values=(1.0,)))
    after = records(
        startup("a"), slower(startup("b"), 0.5), slower(startup("c"), 4.0), startup("d", values=(1.0,))
    )

    shown = comparison_lines(compared(before, after))

    assert shown[0] == "1 worse, 1 better, 1 unchanged or noise, 1 with too few runs to tell"
    assert [line.split()[0] for line in shown[4:8]] == ["WORSE", "better", "noise", "too"]
    assert "x 4.00" in shown[4]
    assert "-50.0 %" in shown[5]


def test_files_without_common_figures_say_so() -> None:
    shown = comparison_lines(compared(records(startup("a")), records(startup("b"))))

    assert shown[0] == "the files have no figure in common"
    assert shown[-1] == "only after: startup b warm nothing result"


@pytest.mark.parametrize("name", ["x" * 500, "\n\x1b[31m\u202e"])
def test_no_line_of_a_comparison_is_wider_than_a_terminal_or_steers_it(name: str) -> None:
    machine = Machine(cpu=name, cores=1, memory_mib=1, kernel=name, python=name, versions={name: name})
    hostile = startup(name, path=name, variant=name, measure=name, values=(1e300, 1e-300, 0.0))
    only = [startup(f"{name}{number}") for number in range(30)]

    shown = comparison_lines(compared(records(hostile, *only), records(hostile, machine=machine)))

    assert max(map(len, shown)) <= WIDTH
    assert all(line.isprintable() for line in shown)


def test_command_prints_the_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = kept(tmp_path / "a", records(startup())), kept(tmp_path / "b", records(slower(startup(), 2)))

    code = compare(one, two, as_json=False)

    assert code == _exit.OK
    assert capsys.readouterr().out.startswith("1 worse, 0 better")


def test_command_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = kept(tmp_path / "a", of_everything()), kept(tmp_path / "b", of_everything())

    compare(one, two, as_json=True)

    found = json.loads(capsys.readouterr().out)
    assert len(found["changes"]) == len(of_everything().measurements)
    assert found["machines"] == []


def test_report_prints_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = report(kept(tmp_path / "a", of_everything()), None)

    assert code == _exit.OK
    assert "STARTUP: result, ms" in capsys.readouterr().out


def test_report_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"

    report(kept(tmp_path / "a", of_everything()), page)

    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"note: the page is `{page}`\n")


def test_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        report(kept(tmp_path / "a", of_everything()), tmp_path / "none" / "page.html")


def test_file_without_records_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("{}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="holds no records"):
        report(path, None)
