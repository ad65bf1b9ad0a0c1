"""From what a user calls a model to the model."""

from pathlib import Path

import pytest

from agent import Message, ModelError, Request
from agent.models import KEY_VARIABLE, ModelSettings, open_model
from tests.support.model_endpoint import saying, serve


async def refused(spec: str | None, cache: Path, settings: ModelSettings | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        async with open_model(spec, cache=cache, settings=settings):
            raise AssertionError("it was opened")
    return caught.value


async def test_unknown_name_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    error = await refused("gpt-9", tmp_path)

    assert "gpt-9" in str(error)
    assert "smollm2-135m" in error.hint


async def test_model_that_is_not_here_says_how_to_pull_it(tmp_path: Path) -> None:
    error = await refused("smollm2-135m", tmp_path)

    assert "isorun model pull smollm2-135m" in error.hint


async def test_default_is_taken_without_a_name(tmp_path: Path) -> None:
    error = await refused(None, tmp_path)

    assert "qwen2.5-coder-1.5b" in str(error)


async def test_missing_file_is_refused(tmp_path: Path) -> None:
    error = await refused(str(tmp_path / "none.gguf"), tmp_path)

    assert "there is no file" in str(error)


async def test_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello")

    error = await refused(str(tmp_path / "text.gguf"), tmp_path)

    assert "text.gguf" in str(error)


async def test_endpoint_on_another_machine_is_refused(tmp_path: Path) -> None:
    error = await refused("http://example.com/v1", tmp_path)

    assert "not on this machine" in str(error)


@pytest.mark.filterwarnings(  # see test_model_endpoint.py
    "ignore:Exception ignored in. <async_generator:pytest.PytestUnraisableExceptionWarning"
)
async def test_endpoint_is_asked_with_the_key_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-1")

    with serve(saying("x")) as server:
        async with open_model(server.address, cache=tmp_path) as model:
            texts = [text async for text in model.complete(Request(messages=(Message("user", "?"),)))]

    assert model.name == "tiny"
    assert texts[0] == "x"
    assert server.asked[0].headers["Authorization"] == "Bearer sk-1"


def test_threads_are_at_most_sixteen_and_at_least_one() -> None:
    assert 1 <= ModelSettings().used_threads <= 16
    assert ModelSettings(threads=3).used_threads == 3
