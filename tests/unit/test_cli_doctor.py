import json
from pathlib import Path

import pytest

from engine import Capabilities, Engine, EngineConfig
from engine.cli._examination import examine
from engine.cli._facts import cache_fact, cgroup_fact, environments_fact, nsjail_fact
from engine.cli._kernel import Fact
from engine.testing import FakeRuntime

Capture = pytest.CaptureFixture[str]


async def _facts(config: EngineConfig) -> list[Fact]:
    return [Fact("good", True, "all is well"), Fact("bad", False, "broken \x1b[2J", "do this\nthen that")]


def _doctor(runtime: FakeRuntime, *, as_json: bool) -> int:
    def make_engine(config: EngineConfig) -> Engine:
        return Engine(config, runtimes=[runtime])

    return examine(as_json=as_json, make_engine=make_engine, find_facts=_facts)


def test_working_tier_is_enough(capsys: Capture) -> None:
    able = Capabilities(
        languages=frozenset({"python", "bash"}), degraded=("memory: per process",), slower=("no forks",)
    )

    assert _doctor(FakeRuntime(capabilities=able), as_json=False) == 0

    shown = capsys.readouterr().out
    assert "fake: available for bash, python" in shown
    assert "weaker: memory: per process" in shown
    assert "slower: no forks" in shown


def test_missing_tier_is_told_with_its_fix(capsys: Capture) -> None:
    assert _doctor(FakeRuntime(unavailable="no luck"), as_json=False) == 4

    shown = capsys.readouterr().out
    assert "fake: not available: no luck" in shown
    assert "fix: install `fake`" in shown


def test_facts_are_told_with_their_fix(capsys: Capture) -> None:
    _doctor(FakeRuntime(), as_json=False)

    shown = capsys.readouterr().out
    assert "good: ok: all is well" in shown
    assert "bad: not ok: broken ␛[2J\n    fix: do this\n         then that\n" in shown


def test_everything_is_available_as_json(capsys: Capture) -> None:
    _doctor(FakeRuntime(unavailable="no luck"), as_json=True)

    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["tiers"] == [
        {
            "name": "fake",
            "available": False,
            "reason": "no luck",
            "fix": "install `fake`",
            "languages": [],
            "cgroups": False,
            "degraded": [],
            "slower": [],
        }
    ]
    assert [fact["name"] for fact in found["facts"]] == ["good", "bad"]


def test_cgroups_need_memory_and_pids() -> None:
    enough = cgroup_fact(frozenset({"memory", "pids"}), (), versions=[2])
    too_few = cgroup_fact(frozenset({"memory"}), ("no writable cgroup with pids",), versions=[1, 2])

    assert enough.ok
    assert not too_few.ok
    assert "v1 and v2 mounted; no writable cgroup with pids" in too_few.detail
    assert "Delegate=yes" in too_few.fix


def test_cache_that_is_not_made_yet_is_fine(tmp_path: Path) -> None:
    assert cache_fact(tmp_path / "a" / "b").ok
    assert cache_fact(tmp_path).detail == str(tmp_path)


def test_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    fact = cache_fact(tmp_path / "file" / "cache")

    assert not fact.ok
    assert "ISORUN_CACHE_DIR" in fact.fix


def test_cache_without_environments_points_to_setup(tmp_path: Path) -> None:
    fact = environments_fact(tmp_path)

    assert not fact.ok
    assert "isorun setup" in fact.fix


def test_configured_nsjail_that_is_missing_is_told(tmp_path: Path) -> None:
    fact = nsjail_fact(EngineConfig(cache_dir=str(tmp_path), nsjail=str(tmp_path / "nsjail")))

    assert not fact.ok
    assert fact.fix


@pytest.mark.parametrize("content", ["#!/bin/sh\necho other\n", "#!/bin/sh\nexit 1\n", "no program"])
def test_configured_nsjail_that_is_something_else_is_told(tmp_path: Path, content: str) -> None:
    binary = tmp_path / "nsjail"
    binary.write_text(content)
    binary.chmod(0o755)

    assert not nsjail_fact(EngineConfig(cache_dir=str(tmp_path), nsjail=str(binary))).ok
