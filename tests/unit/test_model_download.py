"""Pulling from a hub on this machine that answers as real ones do, or worse."""

from pathlib import Path

import pytest

from agent import ModelError
from agent.models._download import MAX_RECONNECTIONS
from agent.models._pull import pull_model
from tests.support.model_hub import FILE, Answer, Hub, giving, serve, tiny_model

CONTENT = bytes(range(100))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def pull_from(hub: Hub, cache: Path, content: bytes = CONTENT) -> Path:
    """Pull from this hub alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        return pull_model(tiny_model(content), cache, lambda line: None, source="hub")


def begin(cache: Path, content: bytes) -> Path:
    """Write what an interrupted pull has left."""
    part = cache / "models" / f"{FILE}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)
    return part


def test_model_arrives_whole(tmp_path: Path) -> None:
    with serve(giving(CONTENT)) as hub:
        path = pull_from(hub, tmp_path)

    assert path == tmp_path / "models" / FILE
    assert path.read_bytes() == CONTENT
    assert not path.with_name(f"{FILE}.part").exists()


def test_pull_goes_on_where_an_earlier_one_stopped(tmp_path: Path) -> None:
    begin(tmp_path, CONTENT[:60])

    with serve(giving(CONTENT)) as hub:
        path = pull_from(hub, tmp_path)

    assert hub.asked == [60]
    assert path.read_bytes() == CONTENT


def test_hub_without_ranges_sends_everything_again(tmp_path: Path) -> None:
    begin(tmp_path, CONTENT[:60])
    whole = giving(CONTENT)

    with serve(lambda path, first: whole(path, None)) as hub:
        path = pull_from(hub, tmp_path)

    assert path.read_bytes() == CONTENT


def test_complete_part_asks_nobody(tmp_path: Path) -> None:
    begin(tmp_path, CONTENT)

    with serve(giving(CONTENT)) as hub:
        path = pull_from(hub, tmp_path)

    assert hub.asked == []
    assert path.read_bytes() == CONTENT


def test_part_that_is_too_long_is_thrown_away(tmp_path: Path) -> None:
    begin(tmp_path, CONTENT + b"x")

    with serve(giving(CONTENT)) as hub:
        path = pull_from(hub, tmp_path)

    assert hub.asked == [None]
    assert path.read_bytes() == CONTENT


def test_other_content_of_the_same_size_is_deleted(tmp_path: Path) -> None:
    with serve(giving(CONTENT[::-1])) as hub, pytest.raises(ModelError, match="SHA-256") as caught:
        pull_from(hub, tmp_path)

    assert "isorun model pull tiny" in caught.value.hint
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == ["lock"]


def test_cut_line_is_taken_up_again(tmp_path: Path) -> None:
    with serve(giving(CONTENT, at_most=40)) as hub:
        path = pull_from(hub, tmp_path)

    assert hub.asked == [None, 40, 80]
    assert path.read_bytes() == CONTENT


def test_line_may_be_cut_as_often_as_said(tmp_path: Path) -> None:
    content = CONTENT[: MAX_RECONNECTIONS + 1]

    with serve(giving(content, at_most=1)) as hub:
        path = pull_from(hub, tmp_path, content)

    assert path.read_bytes() == content


def test_line_that_is_cut_once_more_is_given_up_and_what_arrived_is_kept(tmp_path: Path) -> None:
    content = CONTENT[: MAX_RECONNECTIONS + 2]

    with serve(giving(content, at_most=1)) as hub, pytest.raises(ModelError, match="was cut 21 times"):
        pull_from(hub, tmp_path, content)

    assert (tmp_path / "models" / f"{FILE}.part").read_bytes() == content[:-1]


def test_line_on_which_nothing_comes_is_given_up_at_once(tmp_path: Path) -> None:
    with serve(giving(CONTENT, at_most=0)) as hub, pytest.raises(ModelError, match="cannot be reached"):
        pull_from(hub, tmp_path)

    assert hub.asked == [None]


@pytest.mark.parametrize("status", [404, 401, 416, 500])
def test_refusal_is_named(tmp_path: Path, status: int) -> None:
    with (
        serve(lambda path, first: Answer(status, {"Content-Length": "0"})) as hub,
        pytest.raises(ModelError, match=f"answers {status}"),
    ):
        pull_from(hub, tmp_path)


def test_redirect_is_followed(tmp_path: Path) -> None:
    whole = giving(CONTENT)

    def answer(path: str, first: int | None) -> Answer:
        if path == "/elsewhere":
            return whole(path, first)
        return Answer(302, {"Location": "/elsewhere", "Content-Length": "0"})

    with serve(answer) as hub:
        path = pull_from(hub, tmp_path)

    assert path.read_bytes() == CONTENT


def test_redirect_in_a_circle_is_given_up(tmp_path: Path) -> None:
    circle = Answer(302, {"Location": "/again", "Content-Length": "0"})

    with (
        serve(lambda path, first: circle) as hub,
        pytest.raises(ModelError, match=r"cannot be reached: .*redirects"),
    ):
        pull_from(hub, tmp_path)


def test_redirect_to_what_is_no_web_address_is_refused(tmp_path: Path) -> None:
    away = Answer(302, {"Location": "file:///etc/passwd", "Content-Length": "0"})

    with serve(lambda path, first: away) as hub, pytest.raises(ModelError, match="is no address"):
        pull_from(hub, tmp_path)


def test_file_of_another_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with serve(giving(CONTENT + b"x")) as hub, pytest.raises(ModelError, match="101 bytes and not 100"):
        pull_from(hub, tmp_path)

    assert (tmp_path / "models" / f"{FILE}.part").read_bytes() == b""


def test_rest_of_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    begin(tmp_path, CONTENT[:60])

    with serve(giving(CONTENT + b"x")) as hub, pytest.raises(ModelError, match="another file"):
        pull_from(hub, tmp_path)


def test_answer_without_length_ends_where_the_model_ends(tmp_path: Path) -> None:
    with serve(lambda path, first: Answer(200, {}, CONTENT)) as hub:
        path = pull_from(hub, tmp_path)

    assert path.read_bytes() == CONTENT


def test_answer_without_length_that_does_not_end_is_cut(tmp_path: Path) -> None:
    with (
        serve(lambda path, first: Answer(200, {}, CONTENT + b"x")) as hub,
        pytest.raises(ModelError, match="more than 100 bytes"),
    ):
        pull_from(hub, tmp_path)


def test_packed_answer_is_refused(tmp_path: Path) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Length": "100"}

    with (
        serve(lambda path, first: Answer(200, headers, CONTENT)) as hub,
        pytest.raises(ModelError, match="packed"),
    ):
        pull_from(hub, tmp_path)


@pytest.mark.parametrize("told", ["bytes 0-99/100", "bytes 59-99/100", "bytes x", ""])
def test_other_part_than_asked_for_is_refused(tmp_path: Path, told: str) -> None:
    part = begin(tmp_path, CONTENT[:60])
    headers = {"Content-Range": told, "Content-Length": "40"}

    with (
        serve(lambda path, first: Answer(206, headers, CONTENT[60:])) as hub,
        pytest.raises(ModelError, match="another part"),
    ):
        pull_from(hub, tmp_path)

    assert part.read_bytes() == CONTENT[:60]


def test_part_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    headers = {"Content-Range": "bytes 0-99/100", "Content-Length": "100"}

    with (
        serve(lambda path, first: Answer(206, headers, CONTENT)) as hub,
        pytest.raises(ModelError, match="another part"),
    ):
        pull_from(hub, tmp_path)


@pytest.mark.parametrize("address", ["nonsense", "ftp://example.org", "http://[::1"])
def test_endpoint_that_is_no_address_is_named(tmp_path: Path, address: str) -> None:
    with pytest.raises(ModelError, match="is no address") as caught:
        pull_from(Hub(address, []), tmp_path)

    assert "HF_ENDPOINT" in caught.value.hint


def test_hub_that_is_not_there_is_named_with_the_way_by_hand(tmp_path: Path) -> None:
    with serve(giving(CONTENT)) as gone:
        pass

    with pytest.raises(ModelError, match="cannot be reached") as caught:
        pull_from(gone, tmp_path)

    assert gone.url in caught.value.hint
    assert f"copy {FILE} of maker/tiny-GGUF to `{tmp_path / 'models' / FILE}`" in caught.value.hint
