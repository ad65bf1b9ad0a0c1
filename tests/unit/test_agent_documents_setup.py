"""What `isorun setup --documents` asks for; tests/integration/test_agent_documents.py has it done."""

import pytest

from engine.cli._parser import parse
from engine.cli.setup import wanted


@pytest.mark.parametrize(
    ("arguments", "documents", "environments"),
    [
        ([], False, []),
        (["--documents"], True, ["data"]),
        (["x", "--documents", "--wasm"], True, ["x", "wasm", "data"]),
    ],
)
def test_documents_need_the_environment_that_has_the_libraries(
    arguments: list[str], documents: bool, environments: list[str]
) -> None:
    found = wanted(parse(["setup", *arguments]))

    assert found.documents is documents
    assert found.all_environments == environments
