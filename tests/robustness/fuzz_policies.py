"""Policies: any text and any structure is a policy within its ranges, or refused with a `PolicyError`."""

from typing import Any

from hypothesis import strategies as st

from policies import Policy, PolicyError, checked, from_dict, key, narrow, parse, preset_names
from policies import load as load_policy
from policies._load import preset_text
from policies._policy import Compile, Limits

from .hostile import Target, changed

_FULL = """
packages = "prefetched"
gpu = ["0", "GPU-1"]

[limits]
wall-seconds = 2.5
cpu-seconds = 1e1
memory-mib = 0x80
pids = 1_0

[network]
mode = "allow-list"
allow = ["example.org:443", "10.0.0.1"]

[[mounts]]
source = "/srv/data"
target = "/mnt/data"

[env]
LANG = "C.UTF-8"
"A_1" = \"\"\"two
lines\"\"\"

[compile]
flags = ["-O2", "-std=*"]

[docker]
image = "registry/image:tag"
runtime = "runsc"

[isolation]
require = ["docker"]
prefer = "isolation"
require-cgroups = true
"""
_TEXTS = st.sampled_from([_FULL, *map(preset_text, preset_names())]).map(str.encode)

_CLAUSES = {
    "": ("limits", "network", "mounts", "env", "gpu", "packages", "compile", "docker", "isolation"),
    "limits": tuple(name.replace("_", "-") for name in Limits.__struct_fields__),
    "network": ("mode", "allow"),
    "mounts": ("source", "target"),
    "env": ("LANG", "1", "A B", "", "A\n", "LD_PRELOAD"),
    "gpu": (),
    "packages": (),
    "compile": tuple(name.replace("_", "-") for name in Compile.__struct_fields__),
    "docker": ("image", "runtime"),
    "isolation": ("require", "prefer", "require-cgroups"),
}
_WORDS = st.sampled_from(
    ["none", "all", "allow-list", "prefetched", "speed", "nsjail", "-O2", "-*", "-\0*"]
) | st.sampled_from(["/", "/mnt/a", "/mnt/..", "/mnt/a\n", "example.org", "x:1/y@z", "a\0b", "\ud800", ""])
_NUMBERS = st.one_of(
    st.integers(-2, 100_000),
    st.floats(),
    st.sampled_from([1 << 63, 1 << 64, 10**400, -(10**400), float("inf"), float("nan"), 86_400, 86_400.5]),
)
_SCALARS = _WORDS | _NUMBERS | st.booleans() | st.none() | st.binary(max_size=3) | st.dates() | st.text()


def _clause(name: str) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(_CLAUSES[name]) if _CLAUSES[name] else st.text(max_size=3)
    table = st.dictionaries(keys | st.text(max_size=3), _SCALARS | st.lists(_WORDS, max_size=3), max_size=4)
    return table | st.lists(table, max_size=3) | _SCALARS


_STRUCTURES = st.lists(
    st.sampled_from(_CLAUSES[""]).flatmap(lambda name: st.tuples(st.just(name), _clause(name))), max_size=4
).map(dict)


def text_is_a_policy_or_refused(text: bytes) -> None:
    """The text of a file, as bytes that are UTF-8 in parts, gives a policy that is in order, or an error."""
    try:
        policy = parse(text.decode("utf-8", "replace"), source="fuzzed")
    except PolicyError as error:
        _is_told(error)
        return
    _is_in_order(policy)


def structure_is_a_policy_or_refused(data: dict[str, Any]) -> None:
    """The same of data that was not written as TOML."""
    try:
        policy = from_dict(data, source="fuzzed")
    except PolicyError as error:
        _is_told(error)
        return
    _is_in_order(policy)


def _is_told(error: PolicyError) -> None:
    assert str(error).startswith("fuzzed")
    assert error.message


def _is_in_order(policy: Policy) -> None:
    """Check that a policy passes its check again, has a key, and widens nothing that it is narrowed by."""
    assert checked(policy) == policy
    hash(key(policy))
    default = load_policy("default")
    try:
        both = narrow(default, policy)
    except PolicyError:
        return
    for name in Limits.__struct_fields__:
        assert getattr(both.limits, name) <= getattr(default.limits, name)
    assert (both.network, both.mounts, both.env) == (default.network, default.mounts, default.env)


TARGETS = (
    Target("text of policies", text_is_a_policy_or_refused, {"text": changed(_TEXTS)}, examples=150),
    Target("structure of policies", structure_is_a_policy_or_refused, {"data": _STRUCTURES}, examples=80),
)
