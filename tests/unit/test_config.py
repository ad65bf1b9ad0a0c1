"""Configuration: defaults < file < environment < arguments; every refusal names its layer and key."""

from pathlib import Path

import pytest

from engine import ConfigError, EngineConfig, Interpreter, PoolConfig, load_config


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


def test_defaults_hold_without_a_file() -> None:
    assert load_config(environ={}) == EngineConfig()


def test_file_replaces_defaults(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'policy = "quick"\n'
        "[pool]\nwarm = 3\n"
        '[interpreters.lua]\ncommand = ["/usr/bin/lua"]\nsuffix = ".lua"\n',
    )

    config = load_config(file, environ={})

    assert config.policy == "quick"
    assert config.pool == PoolConfig(warm=3)
    assert config.interpreters == {"lua": Interpreter(command=("/usr/bin/lua",), suffix=".lua")}


def test_users_own_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "isorun").mkdir()
    write(tmp_path / "isorun", 'policy = "quick"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    assert load_config(environ={}).policy == "quick"


def test_environment_replaces_the_file_and_arguments_replace_both(tmp_path: Path) -> None:
    file = write(tmp_path, 'policy = "quick"\n')
    environ = {"ISORUN_POLICY": "data", "ISORUN_CACHE_DIR": "/c", "ISORUN_NSJAIL": "/n", "ISORUN_X": "y"}

    by_environment = load_config(file, environ=environ)
    by_argument = load_config(file, environ=environ, overrides={"policy": "strict", "nsjail": None})

    assert (by_environment.policy, by_environment.cache, by_environment.nsjail) == ("data", Path("/c"), "/n")
    assert (by_argument.policy, by_argument.nsjail) == ("strict", "/n")


def test_deno_is_named_by_the_file_or_by_its_variable(tmp_path: Path) -> None:
    file = write(tmp_path, 'deno = "/opt/deno"\n')

    assert load_config(file, environ={}).deno == "/opt/deno"
    assert load_config(file, environ={"ISORUN_DENO": "/d"}).deno == "/d"


def test_empty_environment_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, 'policy = "quick"'), environ={"ISORUN_POLICY": ""}).policy == "quick"


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nope\.toml: no such configuration file"):
        load_config(tmp_path / "nope.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy = ", "not valid TOML"),
        pytest.param("policy = " + "1" * 5_000, "not valid TOML", id="number of 5,000 digits"),
        pytest.param("policy = " + "[" * 100_000, "not valid TOML", id="nested 100,000 deep"),
        ("colour = 1", "unknown field `colour`"),
        ("policy = 1", r"\$\.policy"),
        ("[pool]\nwarm = -1", r"\$\.pool\.warm"),
        ("[pool]\nmax-size = 0", r"\$\.pool\.max-size"),
        ("[pool]\nacquire-seconds = 0", r"\$\.pool\.acquire-seconds"),
        ("[pool]\nmax-siz = 1", "unknown field `max-siz`"),
        ("[interpreters.x]\nsuffix = '.x'", "command"),
    ],
)
def test_malformed_file_is_refused_with_file_and_key(text: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, text)

    with pytest.raises(ConfigError, match=message) as caught:
        load_config(file, environ={})

    assert str(file) in str(caught.value)


def test_half_of_a_surrogate_pair_in_an_argument_is_refused_where_a_table_is_expected() -> None:
    with pytest.raises(ConfigError, match="surrogates"):
        load_config(overrides={"pool": "\udcff"}, environ={})


@pytest.mark.parametrize("text", ["[pool]\nwarm = 0", "[pool]\nmax-size = 1", "[pool]\nmax-waiting = 0"])
def test_smallest_pool_is_accepted(text: str, tmp_path: Path) -> None:
    load_config(write(tmp_path, text), environ={})


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xff")

    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(file, environ={})
