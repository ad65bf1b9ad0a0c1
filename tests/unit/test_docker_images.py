"""Making and listing images, against a docker command of ours that says what a real one says."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from engine.cli import main
from runtimes.docker._catalog import IMAGES, reference
from runtimes.docker._client import DockerCommandError
from runtimes.docker._images import ensure_images, list_images
from runtimes.docker._origin import pinned_origin

Capture = pytest.CaptureFixture[str]

#: An empty daemon, behind which there is no registry.
_EMPTY = """\
case "$3 $4" in
    "image list" | "container list") ;;
    "image inspect") echo "Error: No such image: $5" >&2; exit 1 ;;
    "image rm") echo "Error: No such image: $5" >&2; exit 1 ;;
    "image pull") echo "Error response from daemon: Get https://r/v2/: no such host" >&2; exit 1 ;;
    *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
#: A daemon with one image that has our label.
_ONE_OF_OURS = """\
case "$3 $4" in
    "image list") echo sha256:aaaa ;;
    "image inspect") echo '[{{"Id": "sha256:aaaa", "RepoTags": {tags}, "Size": 1048576}}]' ;;
esac
"""


class FakeDocker:
    """A folder for PATH in which there is a command `docker`, and what that needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        for name in ("env", "timeout", "sh"):
            found = shutil.which(name, path=os.defpath)
            assert found is not None
            (folder / name).symlink_to(found)

    def does(self, script: str) -> None:
        path = self._folder / "docker"
        path.write_text(f'#!{self._folder}/sh\necho "$*" >>{self._folder}/calls\n{script}')
        path.chmod(0o755)

    def fails(self, said: str, code: int = 1) -> None:
        self.does(f"echo '{said}' >&2\nexit {code}\n")

    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/d.sock")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "d.sock"))
        yield FakeDocker(tmp_path / "bin")


def ensure(names: list[str], cache: Path) -> list[str]:
    said: list[str] = []
    try:
        ensure_images(names, said.append, cache=cache)
    except RuntimeUnavailableError as error:
        said += [str(error), error.hint]
    return said


def test_missing_command_says_what_to_install(docker: FakeDocker) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no command `docker`") as caught:
        list_images()

    assert "apt install docker.io" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///d. Is the docker daemon running?",
            "answers",
            "start",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///d: Head "
            '"http://x/_ping": dial unix /d: connect: permission denied',
            "no permission",
            "usermod",
        ),
        ("write /var/lib/docker/tmp/x: no space left on device", "no space left", "docker system df"),
        ("E: You do not have enough free space in /var/cache/apt/archives/.", "no space left", "df"),
        ("E: Failed to fetch http://deb.debian.org/x Could not connect (111)", "mirror", "deb.debian.org"),
        ("Temporary failure resolving deb.debian.org", "mirror", "deb.debian.org"),
        ("something that nobody knows", "something that nobody knows", "docker info"),
    ],
)
def test_failure_of_the_command_says_what_to_do(
    docker: FakeDocker, said: str, message: str, hint: str
) -> None:
    docker.fails(said)

    with pytest.raises(DockerCommandError, match=message) as caught:
        list_images()

    assert hint in caught.value.hint


def test_failure_without_a_word_names_the_exit_code(docker: FakeDocker) -> None:
    docker.does("exit 7\n")

    with pytest.raises(DockerCommandError, match="exited with 7"):
        list_images()


def test_nothing_is_there_at_first(docker: FakeDocker) -> None:
    docker.does(_EMPTY)

    found = list_images()

    assert [entry.image.name for entry in found] == list(IMAGES)
    assert {(entry.state, entry.bytes) for entry in found} == {("missing", None)}


@pytest.mark.parametrize(
    ("tags", "state"),
    [
        ([reference("go")], "built"),
        ([f"localhost/{reference('go')}"], "built"),
        (["isorun/go:0123456789ab"], "outdated"),
        (["isorun/go:0123456789ab", reference("go")], "built"),
        (["mine/go:1"], "missing"),
        ([], "missing"),
    ],
)
def test_state_of_an_image_is_that_of_its_tag(docker: FakeDocker, tags: list[str], state: str) -> None:
    docker.does(_ONE_OF_OURS.format(tags=str(tags).replace("'", '"')))

    states = {entry.image.name: entry.state for entry in list_images()}

    assert states == {name: state if name == "go" else "missing" for name in IMAGES}


def test_daemon_is_the_one_found_whatever_the_environment_says(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.does(_EMPTY)
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")

    list_images()

    assert all(call.startswith(f"--host unix://{tmp_path}/d.sock ") for call in docker.calls())


def test_image_that_is_there_is_left_alone(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does(_ONE_OF_OURS.format(tags=f'["{reference("go")}"]'))

    assert ensure(["go", "golang"], tmp_path / "cache") == []
    assert not [call for call in docker.calls() if " build " in call or " rm " in call]
    assert not (tmp_path / "cache").exists()


def test_without_registry_and_bootstrap_the_error_names_both(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does(_EMPTY)

    said = ensure(["python"], tmp_path / "cache")

    assert [call for call in docker.calls() if call.endswith(f"image pull --quiet {pinned_origin()}")]
    assert any("no registry: Get https://r/v2/: no such host; the base is made from" in line for line in said)
    assert "`mmdebstrap`" in said[-2]
    assert "registry" in said[-1]
    assert list(tmp_path.glob("cache/docker/*")) == []


def test_full_disk_is_no_reason_to_try_packages(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does(_EMPTY.replace("Get https://r/v2/: no such host", "no space left on device"))

    said = ensure(["base"], tmp_path / "cache")

    assert "no space left in the data root" in said[-2]
    assert not any("Debian's packages" in line for line in said)


def test_registry_that_takes_too_long_is_given_up(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does(
        _EMPTY.replace("no such host", "").replace(">&2; exit 1 ;;\n    *)", ">&2; exit 124 ;;\n    *)")
    )

    said = ensure(["base"], tmp_path / "cache")

    assert any("the registry took longer than 120 s" in line for line in said)


def test_failed_root_says_what_failed_and_leaves_nothing(docker: FakeDocker, tmp_path: Path) -> None:
    docker.does(_EMPTY)
    debootstrap = tmp_path / "bin/debootstrap"
    debootstrap.write_text(f"#!{tmp_path}/bin/sh\necho no mirror >&2\nexit 3\n")
    debootstrap.chmod(0o755)
    if os.geteuid() == 0:
        (tmp_path / "bin/unshare").symlink_to(shutil.which("unshare", path=os.defpath) or "missing")

    said = ensure(["base"], tmp_path / "cache")

    assert "no mirror" in said[-2]
    assert list(tmp_path.glob("cache/docker/*")) == []


def test_list_without_a_daemon_is_a_failure_of_the_host(docker: FakeDocker, capsys: Capture) -> None:
    docker.fails("Cannot connect to the Docker daemon at unix:///d. Is the docker daemon running?")

    assert main(["image", "list"]) == 4

    said = capsys.readouterr().err
    assert "error: listing the images: no Docker daemon answers" in said
    assert "hint: " in said


def test_list_names_images_languages_and_states(docker: FakeDocker, capsys: Capture) -> None:
    docker.does(_ONE_OF_OURS.format(tags=f'["{reference("go")}"]'))

    assert main(["image", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "LANGUAGES", "SIZE", "STATE", "REFERENCE"]
    assert ["go", "go", "1", "MiB", "built", reference("go")] in [line.split() for line in lines]
    assert ["ruby", "ruby", "not", "built", reference("ruby")] in [line.split() for line in lines]
