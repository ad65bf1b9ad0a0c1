"""Images of a real daemon. The real ones are not made here: that takes minutes, `scripts/test` does it."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from engine.cli import main
from engine.cli._errors import Interrupted
from engine.cli._signals import sigterm_raises
from runtimes.docker import _catalog
from runtimes.docker._catalog import IMAGES, Image, context_of, recipe, reference
from runtimes.docker._images import build_name, ensure_images, list_images
from tests.support.machine import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

Capture = pytest.CaptureFixture[str]

#: What runs a program of each image.
_INTERPRETERS = {
    "base": ("bash", "sh", "perl"),
    "python": ("python3",),
    "node": ("node",),
    "r": ("Rscript",),
    "java": ("java", "javac", "jar"),
    "go": ("go",),
    "ruby": ("ruby",),
}
_PROBE = "probe"
_DOCKERFILE = """\
ARG BASE
FROM ${BASE}
ARG BUILD
LABEL isorun.build=${BUILD}
RUN echo MADE >/made
"""


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=50, check=True)
    return done.stdout


def images_of_ours() -> dict[str, str]:
    """Return the tags of ours with the images that they name, those of the probe left out."""
    lines = docker("image", "list", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").splitlines()
    found = dict(line.split() for line in lines)
    return {
        tag: image for tag, image in found.items() if tag.split(":")[0] in map("isorun/{}".format, IMAGES)
    }


def unfinished(probe: Path) -> list[str]:
    """Return what builds of the probe have begun: containers, and images without a name."""
    label = f"label=isorun.build={build_name(cache_of(probe))}"
    containers = docker("container", "list", "--all", "--quiet", "--filter", label)
    return [*containers.split(), *docker("image", "list", "--quiet", "--filter", label).split()]


def cache_of(probe: Path) -> Path:
    return probe.parents[1] / "cache"


@pytest.fixture(scope="module", autouse=True)
def _needs_a_daemon() -> None:
    try:
        list_images()
    except RuntimeUnavailableError as error:
        pytest.skip(f"{error}; {error.hint}")


def tags_of_the_probe() -> list[str]:
    return docker("image", "list", "--format", "{{.Repository}}:{{.Tag}}", f"isorun/{_PROBE}").split()


def need(name: str) -> str:
    """Return the tag of an image, or skip if it is not made."""
    if not any(entry.image.name == name and entry.state == "built" for entry in list_images()):
        pytest.skip(f"the image is missing; run `isorun setup --image {name}`")
    return reference(name)


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a trivial image in a catalog of its own, with the real base; the image goes at the end."""
    base = need("base")
    shutil.copytree(context_of("base"), tmp_path / "images/base")
    folder = tmp_path / "images" / _PROBE
    folder.mkdir()
    monkeypatch.setattr(_catalog, "_FOLDER", tmp_path / "images")
    monkeypatch.setitem(IMAGES, _PROBE, Image(_PROBE, (), "for a test"))
    yield folder
    recipe.cache_clear()
    assert reference("base") == base
    left = unfinished(folder)
    if tags := tags_of_the_probe():
        docker("image", "rm", *tags)
    assert left == []


def make(probe: Path, dockerfile: str) -> tuple[str, list[str]]:
    """Make the image from this recipe; return its tag and what was said."""
    (probe / "Dockerfile").write_text(dockerfile)
    recipe.cache_clear()
    said: list[str] = []
    ensure_images([_PROBE], said.append, cache=cache_of(probe))
    return reference(_PROBE), said


@pytest.mark.parametrize("name", IMAGES)
def test_image_has_its_interpreter_and_what_the_tier_needs(name: str) -> None:
    tools = " ".join(("sh", "tar", "find", "cat", "sleep", "timeout", *_INTERPRETERS[name]))
    script = f"set -e; for tool in {tools}; do command -v $tool >/dev/null || echo no $tool; done"

    out = docker("run", "--rm", "--network=none", "--user=61184:61184", need(name), "sh", "-c", script)

    assert out == ""


@pytest.mark.parametrize("name", IMAGES)
def test_no_file_of_an_image_gives_its_owners_rights(name: str) -> None:
    find = ("find", "/", "-xdev", "-perm", "/6000")

    assert docker("run", "--rm", "--network=none", need(name), *find) == ""


@pytest.mark.parametrize("name", IMAGES)
def test_image_says_by_labels_what_it_is(name: str) -> None:
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", need(name)))

    assert labels == {"isorun.image": name, "isorun.recipe": recipe(name), "isorun.build": ""}


def test_program_in_go_is_built_from_a_library_that_is_compiled_already(tmp_path: Path) -> None:
    source = 'package main\nimport "net/http"\nfunc main() { print(http.StatusTeapot) }\n'
    tmpfs = "--tmpfs=/tmp:size=64m,mode=1777,exec"
    command = f"cd /tmp && echo '{source}' >main.go && go build main.go && ./main 2>&1 && du -s .cache"
    limits = ("--read-only", "--network=none", "--user=61184:61184", "--memory=256m", "--pids-limit=70")

    out = docker("run", "--rm", *limits, tmpfs, "-e", "HOME=/tmp", need("go"), "sh", "-c", command)

    printed, kib = out.removesuffix("\t.cache\n").split("418")
    assert printed == ""
    # The library would be 17 MiB.
    assert int(kib) < 5000


def test_set_up_of_images_that_are_there_changes_nothing_and_is_quick(tmp_path: Path) -> None:
    there = [entry.image.name for entry in list_images() if entry.state == "built"]
    before = images_of_ours()
    said: list[str] = []
    started = time.monotonic()

    ensure_images(there, said.append, cache=tmp_path / "cache")

    assert time.monotonic() - started < 10
    assert said == []
    assert images_of_ours() == before
    assert not (tmp_path / "cache").exists()


def test_list_says_what_the_daemon_has(capsys: Capture) -> None:
    assert main(["image", "list", "--json"]) == 0

    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    there = images_of_ours()
    assert list(listed) == list(IMAGES)
    for entry in listed.values():
        assert (entry["state"] == "built") == (entry["reference"] in there)
        if entry["state"] == "built":
            size = docker("image", "inspect", "--format", "{{.Size}}", entry["reference"])
            assert entry["bytes"] == int(size)


def test_new_recipe_replaces_the_image_of_the_old_one(probe: Path) -> None:
    first, said = make(probe, _DOCKERFILE)
    again, said_again = make(probe, _DOCKERFILE)
    second, _ = make(probe, _DOCKERFILE.replace("MADE", "NEW"))

    assert first == again != second
    assert said[0].startswith(f"making the image `{_PROBE}`")
    assert f"ready: {first}" in said[-1]
    assert said_again == []
    assert tags_of_the_probe() == [second]


def test_old_image_that_a_container_uses_stays_until_it_is_free(probe: Path) -> None:
    first, _ = make(probe, _DOCKERFILE)
    container = docker("container", "create", "--network=none", first, "true").strip()
    try:
        second, said = make(probe, _DOCKERFILE.replace("MADE", "NEW"))
        assert said[-1] == f"note: {first} is outdated, and a container uses it; it stays"
        assert sorted(tags_of_the_probe()) == sorted((first, second))
    finally:
        docker("container", "rm", container)

    third, _ = make(probe, _DOCKERFILE.replace("MADE", "NEWER"))

    assert tags_of_the_probe() == [third]


def test_failed_build_leaves_nothing_and_the_old_image(probe: Path) -> None:
    old, _ = make(probe, _DOCKERFILE)

    with pytest.raises(RuntimeUnavailableError, match="no such mirror") as caught:
        make(probe, f"{_DOCKERFILE}RUN echo no such mirror >&2; exit 3\n")

    assert f"making the image `{_PROBE}`" in str(caught.value)
    assert unfinished(probe) == []
    assert tags_of_the_probe() == [old]
    assert docker("run", "--rm", "--network=none", old, "cat", "/made") == "MADE\n"


def test_interrupted_build_leaves_nothing_and_is_taken_up_again(probe: Path) -> None:
    def stop_when_it_builds() -> None:
        wait_until(lambda: unfinished(probe), what="a build that is under way")
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop_when_it_builds)
    stopper.start()
    with pytest.raises(Interrupted), sigterm_raises():
        make(probe, f"{_DOCKERFILE}RUN sleep 40\n")
    stopper.join()

    assert unfinished(probe) == []
    assert tags_of_the_probe() == []
    made, _ = make(probe, _DOCKERFILE)
    assert tags_of_the_probe() == [made]


def test_what_a_killed_build_left_goes_with_the_next_and_nothing_else(probe: Path) -> None:
    made, _ = make(probe, _DOCKERFILE)
    left, other = (
        docker("container", "create", "--network=none", f"--label=isorun.build={name}", made, "true").strip()
        for name in (build_name(cache_of(probe)), "another")
    )

    try:
        make(probe, _DOCKERFILE.replace("MADE", "NEW"))

        found = docker("container", "list", "--all", "--quiet", "--no-trunc").split()
        assert left not in found
        assert other in found
    finally:
        docker("container", "rm", other)
