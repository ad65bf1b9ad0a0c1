"""Policies: deny by default, every refusal names file and key."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import policies
from policies import Isolation, Limits, Mount, Network, Policy, PolicyError, checked, from_dict, load, parse
from policies._load import MAX_POLICY_BYTES


def refusal(text: str, source: str = "mine.toml") -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse(text, source=source)
    assert str(caught.value).startswith(source)
    return caught.value


def test_nothing_is_allowed_by_default() -> None:
    policy = Policy()

    assert policy.network == Network(mode="none")
    assert (policy.mounts, policy.env, policy.gpu) == ((), {}, "none")
    assert policy.packages == "none"


@pytest.mark.parametrize("name", policies.preset_names())
def test_preset_is_valid_and_has_no_network(name: str) -> None:
    policy = load(name)

    assert policy == checked(policy)
    assert policy.network.mode == "none"
    assert policies.preset_text(name).startswith("#")


def test_default_preset_is_the_default_policy() -> None:
    assert load("default") == Policy()


def test_file_is_read_by_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[network]\nmode = "allow-list"\nallow = ["example.com:443"]\n')

    assert load(file) == load(str(file))
    assert load(file).network.allow == ("example.com:443",)


def test_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(PolicyError, match="unknown policy `nope`") as caught:
        load("nope")

    assert "data, default, quick, strict" in caught.value.hint


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nope\.toml: cannot be read: No such file"):
        load(tmp_path / "nope.toml")


def test_file_larger_than_the_bound_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("#" * MAX_POLICY_BYTES)
    load(file)

    file.write_text("#" * (MAX_POLICY_BYTES + 1))
    with pytest.raises(PolicyError, match="larger than 256 KiB"):
        load(file)


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff")

    with pytest.raises(PolicyError, match="not UTF-8 text"):
        load(file)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "colour"),
        ("[limits]\nwall-second = 1", "limits.wall-second"),
        ("[limits]\nwall_seconds = 1", "limits.wall_seconds"),
        ("[limits]\nwall-seconds = 0", "limits.wall-seconds"),
        ("[limits]\nwall-seconds = -1", "limits.wall-seconds"),
        ("[limits]\nwall-seconds = nan", "limits.wall-seconds"),
        ("[limits]\nwall-seconds = inf", "limits.wall-seconds"),
        ("[limits]\nwall-seconds = 86401", "limits.wall-seconds"),
        ("[limits]\nmemory-mib = 23", "limits.memory-mib"),
        ("[limits]\nmemory-mib = 1.5", "limits.memory-mib"),
        ("[limits]\npids = 0", "limits.pids"),
        ("[limits]\npids = true", "limits.pids"),
        ("[limits]\nopen-files = 15", "limits.open-files"),
        ("[limits]\nartifact-mib = -1", "limits.artifact-mib"),
        ("limits = 3", "limits"),
        ('[network]\nmode = "all"', "network.mode"),
        ('[network]\nallow = ["a"]', "network.allow"),
        ('[network]\nmode = "allow-list"', "network.allow"),
        ('[network]\nmode = "allow-list"\nallow = ["a b"]', "network.allow[0]"),
        ('[network]\nmode = "allow-list"\nallow = ["a\\n"]', "network.allow[0]"),
        ('[[mounts]]\nsource = "data"\ntarget = "/mnt/a"', "mounts[0].source"),
        ('[[mounts]]\nsource = "/a\\u0000"\ntarget = "/mnt/a"', "mounts[0].source"),
        ('[[mounts]]\nsource = "/a"\ntarget = "/etc"', "mounts[0].target"),
        ('[[mounts]]\nsource = "/a"\ntarget = "/mnt/a/b"', "mounts[0].target"),
        ('[[mounts]]\nsource = "/a"\ntarget = "/mnt/a\\n"', "mounts[0].target"),
        ('[[mounts]]\nsource = "/a"\ntarget = "/mnt/.."', "mounts.target"),
        (
            'mounts = [{source = "/a", target = "/mnt/a"}, {source = "/b", target = "/mnt/a"}]',
            "mounts.target",
        ),
        ('[env]\n"A=B" = "1"', "env"),
        ('[env]\n"A\\n" = "1"', "env"),
        ("[env]\nA = 1", "env[...]"),
        ('[env]\nA = "\\u0000"', "env[...]"),
        ('gpu = "some"', "gpu"),
        ('packages = "all"', "packages"),
        ('[docker]\nimage = "-x"', "docker.image"),
        ('[docker]\nimage = "a b"', "docker.image"),
        ('[docker]\nimage = "a\\n"', "docker.image"),
        ('[docker]\nruntime = "/bin/sh"', "docker.runtime"),
        ('[docker]\nruntime = ""', "docker.runtime"),
        ("packages = true", "packages"),
        ('[isolation]\nprefer = "weak"', "isolation.prefer"),
    ],
)
def test_bad_key_or_value_is_refused_by_file_and_key(text: str, key: str) -> None:
    error = refusal(text)

    assert error.key == key
    assert f"`{key}`" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "[limits]\nwall-seconds = 86400\nmemory-mib = 24\npids = 1\nopen-files = 16\nartifact-mib = 0",
        '[network]\nmode = "allow-list"\nallow = ["a", "b.c:1", "10.0.0.1:65535"]',
        '[[mounts]]\nsource = "/a b"\ntarget = "/mnt/a.b-c_d"',
        '[env]\nA = "line\\nline"\n_b1 = ""',
        'gpu = "all"',
        'gpu = ["0", "1"]',
        'packages = "prefetched"',
        '[docker]\nimage = "localhost:5000/a/b@sha256:0123"\nruntime = "io.containerd.runc.v2"',
    ],
)
def test_values_at_the_edge_are_accepted(text: str) -> None:
    assert checked(parse(text)) == parse(text)


@pytest.mark.parametrize(
    "text", ["limits = ", "[[[", "a = " + "[" * 100_000, "\0", "a = " + "1" * 5_000], ids=range(5)
)
def test_malformed_toml_is_refused(text: str) -> None:
    assert "not valid TOML" in str(refusal(text))


@pytest.mark.parametrize("data", [{"gpu": "\ud800"}, {"limits": "\udcff"}, {"\ud800": 1}], ids=range(3))
def test_half_of_a_surrogate_pair_is_refused_where_a_name_is_expected(data: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match="UTF-8 cannot express"):
        from_dict(data)


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        (Policy(limits=Limits(memory_mib=-5)), "limits.memory-mib"),
        (Policy(limits=Limits(wall_seconds="soon")), "limits.wall-seconds"),  # type: ignore[arg-type]
        (Policy(limits=Limits(wall_seconds=float("nan"))), "limits.wall-seconds"),
        (Policy(limits="none"), "limits"),  # type: ignore[arg-type]
        (Policy(network=Network(mode="allow-list", allow=("a b",))), "network.allow[0]"),
        (Policy(env={"A B": "1"}), "env"),
        (Policy(env={"A": object()}), ""),  # type: ignore[dict-item]
    ],
)
def test_what_a_constructor_accepts_is_checked_before_use(policy: Policy, key: str) -> None:
    with pytest.raises(PolicyError) as caught:
        checked(policy)

    assert caught.value.key == key


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"limits": Limits(wall_seconds=1, memory_mib=64)}, True),
        ({"env": {"A": "1"}}, True),
        ({"isolation": Isolation(prefer="isolation")}, True),
        ({"limits": Limits(disk_mib=1, file_count=16)}, True),
        ({"mounts": (Mount(source="/a", target="/mnt/a"),)}, True),
        ({"gpu": "all"}, False),
        ({"packages": "prefetched"}, False),
        ({"network": Network(mode="allow-list", allow=("a",))}, False),
    ],
)
def test_key_holds_only_what_must_differ_at_start(change: dict[str, Any], same: bool) -> None:
    assert (policies.key(Policy(**change)) == policies.key(Policy())) is same


def test_schema_in_docs_is_current(repository: Path) -> None:
    """Write it with `python -c "import policies; print(policies.schema_text(), end='')"`."""
    written = (repository / "docs" / "policy.schema.json").read_text(encoding="utf-8")

    assert written == policies.schema_text()
    assert msgspec.json.decode(written)["$defs"]["Policy"]["additionalProperties"] is False
