import pytest

from engine import ConfigError
from runtimes.deno._npm_request import NpmRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lodash-es", "lodash-es@latest"),
        ("lodash-es@4", "lodash-es@4"),
        ("npm:lodash-es@^4.17.1", "lodash-es@^4.17.1"),
        ("@scope/name", "@scope/name@latest"),
        ("npm:@scope/name@~1.0.0-rc.1+b2", "@scope/name@~1.0.0-rc.1+b2"),
        ("JSONStream@*", "JSONStream@*"),
        ("lodash.merge@^3||^4", "lodash.merge@^3||^4"),
        ("chalk@next", "chalk@next"),
        ("x" * 214, f"{'x' * 214}@latest"),
    ],
)
def test_name_with_or_without_version_is_read(text: str, expected: str) -> None:
    assert str(NpmRequest.parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "npm:",
        "@",
        "@scope",
        "@scope/",
        ".hidden",
        "../x",
        "a/b",
        "a@",
        "a@1 || 2",
        "a@file:../x",
        "a@git+https://x/y.git",
        "https://x/y.tgz",
        "a@--flag",
        "a;b",
        "a\n",
        "ä",
        "a@1@2",
        "x" * 300,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="does not name an npm package"):
        NpmRequest.parse(text)


def test_package_of_jsr_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="jsr") as caught:
        NpmRequest.parse("jsr:@std/path@1")

    assert "npm" in caught.value.hint
