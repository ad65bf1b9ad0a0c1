import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine import (
    AdmissionConfig,
    AgentConfig,
    BackgroundConfig,
    EngineConfig,
    Interpreter,
    PoolConfig,
)
from engine._config import ENVIRONMENT_KEYS
from engine.cli import _exit
from engine.cli._language import ALIASES, ENDINGS
from engine.cli._parser import build_parser
from policies import preset_names


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _parsers(below)


@pytest.fixture
def cli_page(repository: Path) -> str:
    return (repository / "docs/cli.md").read_text()


@pytest.fixture
def configuration_page(repository: Path) -> str:
    return (repository / "docs/configuration.md").read_text()


def test_every_command_is_documented(cli_page: str) -> None:
    commands = [parser.prog for parser in _parsers(build_parser())]

    assert len(commands) > 10
    assert [command for command in commands if command not in cli_page] == []


def test_every_option_is_documented(cli_page: str) -> None:
    options = {
        option
        for parser in _parsers(build_parser())
        for action in parser._actions
        for option in action.option_strings
    }

    assert [option for option in sorted(options) if not re.search(rf"[` ]{option}\b", cli_page)] == []


def test_no_option_is_documented_that_does_not_exist(cli_page: str) -> None:
    known = {option for parser in _parsers(build_parser()) for option in parser._option_string_actions}

    documented = set(re.findall(r"`(--[a-z-]+)", cli_page))

    # `--verbose` is an argument of an example's program.
    assert documented - known - {"--verbose"} == set()


def test_every_exit_code_is_documented(cli_page: str) -> None:
    codes = [value for name, value in vars(_exit).items() if name.isupper() and name[0] != "_"]

    assert len(codes) == 6
    assert [code for code in codes if f"| {int(code)} |" not in cli_page] == []


def test_every_language_of_an_ending_that_can_run_is_documented(cli_page: str) -> None:
    assert [ending for ending in ENDINGS if f"`{ending}`" not in cli_page] == []


def test_every_short_name_of_a_language_is_documented(cli_page: str) -> None:
    assert [name for name in ALIASES if f"`{name}`" not in cli_page] == []


def test_every_configuration_key_is_documented(configuration_page: str) -> None:
    keys = [field.encode_name for field in msgspec.structs.fields(EngineConfig)]
    pool = [f"pool.{field.encode_name}" for field in msgspec.structs.fields(PoolConfig)]
    interpreter = [f"interpreters.NAME.{field.encode_name}" for field in msgspec.structs.fields(Interpreter)]
    agent = [f"agent.{field.encode_name}" for field in msgspec.structs.fields(AgentConfig)]
    admission = [f"admission.{field.encode_name}" for field in msgspec.structs.fields(AdmissionConfig)]
    background = [f"background.{field.encode_name}" for field in msgspec.structs.fields(BackgroundConfig)]
    groups = ("pool", "interpreters", "agent", "admission", "background")
    plain = [key for key in keys if key not in groups]
    wanted = plain + pool + interpreter + agent + admission + background

    assert [key for key in wanted if f"| `{key}` |" not in configuration_page] == []


def test_every_environment_variable_is_documented(configuration_page: str) -> None:
    for variable, key in ENVIRONMENT_KEYS.items():
        assert f"| `{variable}` | `{key}` |" in configuration_page


def test_examples_of_the_configuration_are_valid(configuration_page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", configuration_page, re.DOTALL)

    assert len(blocks) == 2
    for block in blocks:
        config = msgspec.convert(tomllib.loads(block), EngineConfig)
        assert config.policy in preset_names()
