"""A whole plan, and the command line around it, over sandboxes that take no time."""

from pathlib import Path

import msgspec
import pytest

from engine import ConfigError, EngineError, Program
from engine.bench._machine import commit_of, this_machine
from engine.bench._peers import PEERS
from engine.bench._plan import BENCHES, QUICK, Plan
from engine.bench._record import Machine, read
from engine.bench._suite import Surroundings, measure
from engine.cli import main
from engine.cli._bench_sandboxes import bench_sandboxes, plan_of
from engine.cli._errors import UsageError
from engine.cli._parser import parse
from engine.testing import FakeRuntime

from ._bench import Measured, with_plan

Capture = pytest.CaptureFixture[str]


class Other(FakeRuntime):
    """A second runtime."""

    name = "other"


@pytest.mark.slow
async def test_machine_comes_first_and_each_benchmark_is_done() -> None:
    measured = Measured()

    await measure(measured.bench, Surroundings({"nsjail": "3.4"}))

    assert isinstance(measured.lines[0], Machine)
    assert measured.lines[0].versions["nsjail"] == "3.4"
    # A fake sandbox is no process.
    assert {one.bench for one in measured.measurements} == {"startup", "throughput", "compute"}
    assert {note.split()[1].strip(",:") for note in measured.notes} == {"density", "compute"}


async def test_only_the_named_runtime_is_measured() -> None:
    measured = Measured(FakeRuntime(unavailable="broken"), Other(unavailable="gone"))

    await measure(with_plan(measured, tiers=("other",)), Surroundings())

    assert measured.notes == ["other: not available: gone; install `other`"]


async def test_runtime_that_does_not_exist_is_refused_before_anything_is_written() -> None:
    measured = Measured()

    with pytest.raises(ConfigError, match="`best`"):
        await measure(with_plan(measured, tiers=("best",)), Surroundings())

    assert measured.lines == []


async def test_runtime_without_a_language_of_ours_leaves_a_note() -> None:
    able = msgspec.structs.replace(FakeRuntime().capabilities, languages=frozenset({"cobol"}))
    measured = Measured(FakeRuntime(capabilities=able))

    await measure(measured.bench, Surroundings())

    assert measured.notes == ["fake: it runs none of python, javascript, c, wat"]


async def test_runtime_that_fails_leaves_a_note_for_each_benchmark() -> None:
    runtime = FakeRuntime()
    runtime.start_errors.extend([EngineError("no room", hint="make some")] * 1000)
    measured = Measured(runtime)

    await measure(with_plan(measured, benches=("startup", "throughput")), Surroundings())

    assert measured.notes == ["fake: startup: no room; make some", "fake: throughput: no room; make some"]


async def test_peers_are_measured_with_startup() -> None:
    measured = Measured()

    await measure(
        with_plan(measured, benches=("startup", "compute"), peers=("subprocess",), runs=1), Surroundings()
    )

    assert [one.contender for one in measured.measurements if one.is_peer] == ["subprocess"]


def test_machine_is_described() -> None:
    found = this_machine({}, quick=True)

    assert found.quick
    assert found.cores > 0
    assert found.memory_mib > 100
    assert found.measured_at > 1.7e9
    assert found.versions["anyio"]


def test_commit_is_read_from_files(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    packed = commit_of(tmp_path)
    (git / "packed-refs").write_text("# pack-refs\nbbbb refs/heads/main\n")
    found = commit_of(tmp_path)
    (git / "refs/heads/main").write_text("aaaa\n")

    assert (packed, found, commit_of(tmp_path)) == ("", "bbbb", "aaaa")


def bench(measured: Measured, *argv: str) -> int:
    return bench_sandboxes(parse(["bench", *argv]), measured.open, measured.floor)


@pytest.mark.slow
def test_table_is_printed_and_progress_told(capsys: Capture) -> None:
    code = bench(Measured(), "startup", "--quick", "--runs", "1")

    captured = capsys.readouterr()
    assert code == 0
    assert "STARTUP" in captured.out
    assert "note: startup: fake, cold, nothing\n" in captured.err


@pytest.mark.slow
def test_json_is_the_only_data_and_what_the_file_has(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "out.jsonl"

    bench(Measured(), "startup", "--quick", "--runs", "1", "--json", "--output", f"{path}")

    assert capsys.readouterr().out == path.read_text()
    assert {one.variant for one in read(path).measurements} == {"nothing", "packages", "files", "policy"}


def test_interrupted_measuring_keeps_what_it_has(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "out.jsonl"
    count = iter(range(10))

    def answer(program: Program) -> bytes:
        if next(count) == 2:
            raise ZeroDivisionError
        return b"2\n"

    with pytest.raises(ZeroDivisionError):
        bench(Measured(answer=answer), "startup", "--quick", "--runs", "1", "--output", f"{path}")

    assert [one.path for one in read(path).measurements] == ["first", "first"]
    assert f"note: 2 lines stand in `{path}`\n" in capsys.readouterr().err


@pytest.mark.slow
def test_page_is_written(tmp_path: Path) -> None:
    bench(Measured(), "startup", "--quick", "--runs", "1", "--html", f"{tmp_path}/page.html")

    assert "</html>" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("option", ["--output", "--html"])
def test_file_that_cannot_be_written_is_refused_before_anything_is_measured(option: str) -> None:
    measured = Measured()

    with pytest.raises(ConfigError, match="cannot be written"):
        bench(measured, "startup", option, "/missing/file")

    assert measured.configs == []


def test_nothing_measured_is_a_failure(capsys: Capture) -> None:
    code = bench(Measured(FakeRuntime(unavailable="broken")), "throughput")

    assert code == 4
    assert "broken" in capsys.readouterr().out


def test_all_means_all() -> None:
    assert plan_of(parse(["bench", "all"])) == Plan(benches=BENCHES)


def test_options_change_the_plan() -> None:
    argv = ["bench", "startup", "--quick", "--runs", "2", "--tier", "a", "--tier", "b", "--tier", "a"]

    plan = plan_of(parse([*argv, "--peer", "bwrap"]))

    assert (plan.benches, plan.tiers, plan.peers) == (("startup",), ("a", "b"), ("bwrap",))
    assert (plan.runs, plan.first_runs, plan.slices, plan.rounds) == (2, 2, 1, 2)
    assert plan.quick


def test_runs_never_lengthen_what_is_short() -> None:
    plan = QUICK.with_runs(500)

    assert (plan.runs, plan.first_runs, plan.slices, plan.memory_rounds, plan.rounds) == (500, 2, 1, 1, 2)


def test_peers_of_benchmarks_that_have_none_are_refused() -> None:
    with pytest.raises(UsageError, match="`--peer`"):
        plan_of(parse(["bench", "density", "--peer", "bwrap"]))


def test_unknown_peer_is_a_usage_error(capsys: Capture) -> None:
    code = main(["bench", "startup", "--peer", "best"])

    assert code == 2
    assert "`best`" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(PEERS))
def test_help_names_every_peer(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        parse(["bench", "startup", "--help"])

    assert f"`{name}`" in capsys.readouterr().out
