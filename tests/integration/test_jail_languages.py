"""Languages side by side in one engine."""

import pytest

from engine import Engine, EngineConfig, PoolConfig, Program

pytestmark = pytest.mark.jail

_SNIPPETS = {
    "python": "print('python', 6 * 7)",
    "bash": 'echo "bash $((6 * 7))"',
    "sh": 'echo "sh $((6 * 7))"',
    "perl": 'print "perl ", 6 * 7, "\\n";',
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("warm", [0, 2])
async def test_languages_that_share_a_pool_keep_their_interpreters(warm: int) -> None:
    async with Engine(EngineConfig(pool=PoolConfig(warm=warm, max_warm=warm))) as engine:
        for _ in range(2):
            for language, code in _SNIPPETS.items():
                result = await engine.run(Program(code=code, language=language))

                assert result.stdout == f"{language} 42\n"
