"""Which compiler flags a policy lets through."""

import pytest

from engine import ConfigError
from policies import Compile, Policy, PolicyError, from_dict, narrow
from runtimes.wasm._flags import check_flags

DEFAULT = Compile().flags


@pytest.mark.parametrize(
    "flag",
    [
        "-O0",
        "-O1",
        "-O2",
        "-O3",
        "-Os",
        "-std=c11",
        "-std=c++20",
        "-DNAME",
        "-DN=1",
        "-lm",
        "-Wall",
        "-Wno-x",
    ],
)
def test_default_policy_allows_what_programs_ask_for(flag: str) -> None:
    check_flags([flag], DEFAULT)


@pytest.mark.parametrize(
    "flag",
    [
        "-I/etc",
        "-include",
        "-include/etc/passwd",
        "-fplugin=x.so",
        "-B/tmp",
        "-o",
        "-Wl,--export-all",
        "-Wa,-x",
        "-Wp,-x",
        "-Xclang",
        "-lc",
        "-O4",
        "-target",
        "--sysroot=/",
        "@file",
        "-",
        "",
        "main.c",
        "-Clinker=/bin/sh",
        "-O3\n-I/",
    ],
)
def test_default_policy_refuses_the_rest(flag: str) -> None:
    with pytest.raises(ConfigError, match="does not allow the compiler flag"):
        check_flags([flag], DEFAULT)


def test_refusal_says_what_is_allowed() -> None:
    with pytest.raises(ConfigError) as caught:
        check_flags(["-O2", "-g"], ["-O2", "-D*"])

    assert str(caught.value) == "the policy does not allow the compiler flag `-g`"
    assert caught.value.hint == "allowed by `compile.flags`: -O2, -D*"


def test_policy_without_flags_allows_none() -> None:
    with pytest.raises(ConfigError) as caught:
        check_flags(["-O2"], [])

    assert caught.value.hint == "allowed by `compile.flags`: none"


@pytest.mark.parametrize("pattern", ["O2", "", "-", "-a b", "-D*x", "-\0"])
def test_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(PolicyError, match="flags"):
        from_dict({"compile": {"flags": [pattern]}})


def flags(outer: list[str], inner: list[str]) -> set[str]:
    made = [Policy(compile=Compile(flags=tuple(given))) for given in (outer, inner)]
    return set(narrow(*made).compile.flags)


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        (["-O2"], ["-O2"], {"-O2"}),
        (["-O2"], ["-O3"], set()),
        (["-D*"], ["-DA"], {"-DA"}),
        (["-DA"], ["-D*"], {"-DA"}),
        (["-D*"], ["-DA*"], {"-DA*"}),
        (["-D*", "-O2"], ["-D*"], {"-D*"}),
        ([], ["-D*"], set()),
    ],
)
def test_narrowed_policy_allows_the_flags_that_both_allow(
    outer: list[str], inner: list[str], both: set[str]
) -> None:
    assert flags(outer, inner) == both


def test_narrowed_policy_has_the_lower_bounds_of_both() -> None:
    one = Policy(compile=Compile(wall_seconds=5, memory_mib=256))
    other = Policy(compile=Compile(cpu_seconds=3, disk_mib=16))

    both = narrow(one, other).compile

    assert (both.wall_seconds, both.cpu_seconds, both.memory_mib, both.disk_mib) == (5, 3, 256, 16)
