import pytest

from runtimes.deno._npm_hint import package_hint

NOT_CACHED = (
    'Failed loading https://registry.npmjs.org/left-pad for package "left-pad"\n'
    '    0: npm package not found in cache: "left-pad", --cached-only is specified.'
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (NOT_CACHED, "left-pad"),
        (
            'error: Failed loading https://registry.npmjs.org/nope for package "nope"\n    0: dns error',
            "nope",
        ),
        ("Could not find npm package 'is-odd' matching '1'.", "is-odd@1"),
        ("Could not find npm package '@babel/core' matching '^99.0.0'.", "@babel/core@^99.0.0"),
        ("Could not find dist-tag 'next' for npm package 'chalk'.", "chalk@next"),
        ("Could not find constraint 'nope@2' in the list of packages.", "nope@2"),
        ('Import "nope/part.js" not a dependency and not in import map from "blob:x"', "nope"),
        ('TS2307 [ERROR]: Import "@scope/a/b" not a dependency', "@scope/a"),
    ],
)
def test_package_that_is_not_there_is_named_with_the_command(text: str, wanted: str) -> None:
    hint = package_hint(text, granted=True)

    assert hint == f"`{wanted}` is not among the npm packages here; `isorun setup --npm {wanted}` fetches it"


@pytest.mark.parametrize("name", ["$(reboot)", "a;b", "../x", "-rf;", "`x", "é", "x" * 90 + "&"])
def test_name_that_could_do_harm_in_a_shell_is_not_repeated(name: str) -> None:
    hint = package_hint(f'npm package not found in cache: "{name}"', granted=True)

    assert hint is None or name not in hint


@pytest.mark.parametrize(
    "text", ["npm specifiers were requested; but --no-npm is specified", 'Import "chalk" not a dependency']
)
def test_packages_that_are_not_granted_name_the_policy(text: str) -> None:
    assert 'packages = "prefetched"' in str(package_hint(text, granted=False))


def test_refusal_of_the_check_needs_no_knowledge_of_the_policy() -> None:
    hint = package_hint("error: npm specifiers were requested; but --no-npm is specified", granted=True)

    assert 'packages = "prefetched"' in str(hint)


@pytest.mark.parametrize("granted", [True, False])
def test_jsr_is_said_to_be_impossible(granted: bool) -> None:
    text = "JSR package manifest for '@std/path' failed to load."

    assert "jsr" in str(package_hint(text, granted=granted))


@pytest.mark.parametrize("granted", [True, False])
def test_other_errors_have_no_hint(granted: bool) -> None:
    assert package_hint("TypeError: x is not a function", granted=granted) is None
