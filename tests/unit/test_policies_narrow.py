"""Narrowing: what comes out allows no more than either side."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import Docker, Isolation, Limits, Mount, Network, Policy, PolicyError, checked, narrow
from policies._policy import Packages

# A busy machine is not a bug, and a failing example belongs into a test, not into a database.
examples = settings(deadline=None, database=None, max_examples=50)

A, B = Mount(source="/a", target="/mnt/a"), Mount(source="/b", target="/mnt/b")

limits = st.builds(
    Limits,
    wall_seconds=st.floats(0.1, 100),
    memory_mib=st.integers(24, 4096),
    pids=st.integers(1, 100),
)
networks = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True).map(
    lambda hosts: Network(mode="allow-list", allow=tuple(hosts)) if hosts else Network()
)
gpus = st.one_of(
    st.sampled_from(["none", "all"]),
    st.lists(st.sampled_from(["0", "1"]), min_size=1, unique=True).map(tuple),
)
sound = st.builds(
    Policy,
    limits=limits,
    network=networks,
    mounts=st.lists(st.sampled_from([A, B]), unique_by=lambda mount: mount.target).map(tuple),
    env=st.dictionaries(st.sampled_from("XY"), st.sampled_from("12")),
    gpu=gpus,
    packages=st.sampled_from(["none", "prefetched"]),
    isolation=st.builds(
        Isolation, prefer=st.sampled_from(["speed", "isolation"]), require_cgroups=st.booleans()
    ),
)


def devices(policy: Policy) -> set[str]:
    match policy.gpu:
        case "none":
            return set()
        case "all":
            return {"0", "1"}
        case ids:
            return set(ids)


def allows_no_more(narrowed: Policy, other: Policy) -> bool:
    fields = Limits.__struct_fields__
    return (
        all(getattr(narrowed.limits, name) <= getattr(other.limits, name) for name in fields)
        and set(narrowed.network.allow) <= set(other.network.allow)
        and set(narrowed.mounts) <= set(other.mounts)
        and narrowed.env.items() <= other.env.items()
        and devices(narrowed) <= devices(other)
        and (narrowed.packages == "none" or other.packages == "prefetched")
        and narrowed.isolation.require_cgroups >= other.isolation.require_cgroups
        and (other.isolation.prefer == "speed" or narrowed.isolation.prefer == "isolation")
    )


@examples
@given(sound, sound)
def test_narrowed_policy_allows_no_more_than_either(outer: Policy, inner: Policy) -> None:
    narrowed = narrow(outer, inner)

    assert allows_no_more(narrowed, outer)
    assert allows_no_more(narrowed, inner)
    assert checked(narrowed) == narrowed


@examples
@given(sound)
def test_policy_narrowed_by_itself_stays(policy: Policy) -> None:
    assert narrow(policy, policy) == policy


@examples
@given(sound, sound)
def test_narrowing_twice_changes_nothing(outer: Policy, inner: Policy) -> None:
    once = narrow(outer, inner)

    assert narrow(outer, once) == once


def test_mount_with_the_same_target_and_another_source_is_dropped() -> None:
    other = Mount(source="/etc", target="/mnt/a")

    assert narrow(Policy(mounts=(A,)), Policy(mounts=(other, B))).mounts == ()


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        ("none", "none", "none"),
        ("none", "prefetched", "none"),
        ("prefetched", "none", "none"),
        ("prefetched", "prefetched", "prefetched"),
    ],
)
def test_packages_need_both_sides(outer: Packages, inner: Packages, both: Packages) -> None:
    assert narrow(Policy(packages=outer), Policy(packages=inner)).packages == both


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        ((), (), ()),
        (("a",), (), ("a",)),
        ((), ("b",), ("b",)),
        (("a", "b"), ("b", "c"), ("b",)),
    ],
)
def test_required_isolation_of_both_sides_holds(
    outer: tuple[str, ...], inner: tuple[str, ...], both: tuple[str, ...]
) -> None:
    narrowed = narrow(Policy(isolation=Isolation(require=outer)), Policy(isolation=Isolation(require=inner)))

    assert narrowed.isolation.require == both


def test_requirements_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(PolicyError) as caught:
        narrow(Policy(isolation=Isolation(require=("a",))), Policy(isolation=Isolation(require=("b",))))

    assert caught.value.key == "isolation.require"


@pytest.mark.parametrize(
    ("outer", "inner", "narrowed"),
    [
        (Docker(), Docker(), Docker()),
        (Docker(image="a:1"), Docker(), Docker(image="a:1")),
        (Docker(), Docker(runtime="runsc"), Docker(runtime="runsc")),
        (Docker(image="a:1"), Docker(image="a:1", runtime="crun"), Docker(image="a:1", runtime="crun")),
    ],
)
def test_container_of_either_side_holds(outer: Docker, inner: Docker, narrowed: Docker) -> None:
    assert narrow(Policy(docker=outer), Policy(docker=inner)).docker == narrowed


@pytest.mark.parametrize("name", ["image", "runtime"])
def test_different_containers_exclude_each_other(name: str) -> None:
    with pytest.raises(PolicyError) as raised:
        narrow(Policy(docker=Docker(**{name: "a"})), Policy(docker=Docker(**{name: "b"})))

    assert raised.value.key == f"docker.{name}"
