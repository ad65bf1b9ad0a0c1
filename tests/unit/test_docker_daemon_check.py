"""What a daemon says about itself, and what its refusals mean: each has a reason and a fix."""

from pathlib import Path
from typing import Any

import pytest

from engine import PolicyUnsupportedError, RuntimeUnavailableError, SandboxStartError, Template
from policies import Policy
from runtimes.docker._catalog import IMAGE_LABEL, reference
from runtimes.docker._daemon_check import check_daemon, has_gpus, not_started, own_images, unreachable

ABLE = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "SecurityOptions": ["name=seccomp,profile=x"],
}


def test_daemon_that_can_do_all_is_accepted() -> None:
    check_daemon(ABLE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MemoryLimit": False}, "cannot limit memory"),
        ({"SwapLimit": False}, "cannot limit memory without swap"),
        ({"PidsLimit": False}, "cannot limit processes"),
        ({"SecurityOptions": ["name=apparmor"]}, "cannot filter system calls"),
        ({"SecurityOptions": None}, "cannot filter system calls"),
    ],
)
def test_daemon_that_lacks_something_is_refused_with_the_fix(change: dict[str, object], said: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match=said) as raised:
        check_daemon({**ABLE, **change})

    assert raised.value.hint


@pytest.mark.parametrize(
    ("info", "has"),
    [
        ({}, False),
        ({"Runtimes": {"runc": {}}}, False),
        ({"Runtimes": {"nvidia": {}}}, True),
        ({"DiscoveredDevices": [{"Source": "cdi"}]}, True),
        ({"DiscoveredDevices": []}, False),
    ],
)
def test_gpus_are_there_where_the_daemon_is_set_up_for_them(info: dict[str, object], has: bool) -> None:
    assert has_gpus(info) is has


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ("[Errno 13] Permission denied", "may not use the daemon", "group"),
        ("[Errno 2] No such file or directory", "no daemon answers", "install"),
        ("[Errno 111] Connection refused", "no daemon answers", "start"),
    ],
)
def test_daemon_that_cannot_be_reached_is_named_with_the_fix(text: str, said: str, fix: str) -> None:
    error = unreachable(Path("/run/d.sock"), OSError(text))

    assert said in str(error)
    assert fix in error.hint


def template(policy: Policy) -> Template:
    return Template(runtime="docker", key=(), policy=policy)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("write /var/lib/x: no space left on device", "docker system prune"),
        ('exec: "/bin/sh": stat /bin/sh: no such file', "`sh` and `tar`"),
        ("anything else", "isorun doctor"),
    ],
)
def test_container_that_does_not_start_is_explained(text: str, fix: str) -> None:
    error = not_started(template(Policy()), OSError(text))

    assert isinstance(error, SandboxStartError)
    assert text in str(error)
    assert fix in error.hint


def test_gpu_that_cannot_be_given_is_a_clause_that_cannot_be_enforced() -> None:
    text = 'could not select device driver "" with capabilities: [[gpu]]'
    error = not_started(template(Policy(gpu="all")), OSError(text))

    assert isinstance(error, PolicyUnsupportedError)
    assert error.clause == "gpu"


def test_images_of_ours_are_those_of_the_present_recipe() -> None:
    listed: list[dict[str, Any]] = [
        {"Id": "1", "Labels": {IMAGE_LABEL: "python"}, "RepoTags": [reference("python")]},
        {"Id": "2", "Labels": {IMAGE_LABEL: "ruby"}, "RepoTags": ["isorun/ruby:old"]},
        {"Id": "3", "Labels": {IMAGE_LABEL: "base"}, "RepoTags": [f"localhost/{reference('base')}"]},
        {"Id": "4", "Labels": {IMAGE_LABEL: "other"}, "RepoTags": ["other:1"]},
        {"Id": "5", "Labels": None, "RepoTags": None},
    ]

    assert own_images(listed) == {"python": "1", "base": "3"}
