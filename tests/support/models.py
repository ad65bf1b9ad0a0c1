"""The smallest model and the library that runs it, if this machine has them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import agent.models
from agent import ModelError
from agent.models import ModelSettings
from agent.models._library import find_library
from agent.models._local import LocalModel
from agent.models._stored import find_model
from engine import load_config

SMALLEST = "smollm2-135m"


class ModelParts(NamedTuple):
    """Where they lie; the library is None if our own Python has it."""

    path: Path
    library: Path | None

    def model(self, states: Path, *, path: Path | None = None) -> LocalModel:
        """Return a model that has not been started, with a small context."""
        settings = ModelSettings(context_tokens=512, threads=1)
        return LocalModel(
            path or self.path, name=SMALLEST, library=self.library, states=states, settings=settings
        )

    def computed(self, code: str) -> object:
        """Return what `result` is after these statements, in a Python like that of the process."""
        folders = [str(Path(agent.models.__file__).parent), *([str(self.library)] if self.library else [])]
        whole = f"import json, sys\nsys.path[:0] = {folders!r}\n{code}\nprint(json.dumps(result))"
        done = subprocess.run(
            [sys.executable, "-I", "-c", whole], capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)


def model_parts() -> ModelParts:
    """Find them, or skip the test."""
    cache = load_config().cache
    try:
        return ModelParts(find_model(SMALLEST, cache), find_library(cache))
    except ModelError as error:
        pytest.skip(f"{error}; {error.hint}")
