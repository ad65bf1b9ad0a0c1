"""Names of input files come from the caller's caller: they must stay inside the working folder."""

import pytest

from engine import ConfigError, Engine, File, Program

pytestmark = [pytest.mark.jail, pytest.mark.rows(43)]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../main.py", "a/../../b", "a//b", "./a", "", "nul\0", "..", "a/", "\ud800"]
)
async def test_name_outside_the_working_folder_is_refused_before_anything_starts(
    engine: Engine, name: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await engine.run(Program(code="1", files=(File(name=name, data=b"x"),)))

    assert not caught.value.dispatched


async def test_odd_but_harmless_names_arrive(engine: Engine) -> None:
    names = ["-rf", "new\nline", "~", "$(id)", "ünïcödé", "a/b/c", "x" * 255, "\x1b[31m", "..a", "a.."]
    files = tuple(File(name=name, data=name.encode()) for name in names)

    result = await engine.run(
        Program(code="result = {name: open(name).read() for name in " + repr(names) + "}", files=files)
    )

    assert result.value == {name: name for name in names}
