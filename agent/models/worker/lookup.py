"""Prompt lookup: guess that what followed the last tokens before, follows them again.

A program that is written again, or numbers that are copied from a question, are in what the model has read.
Several guesses are checked in one step of the model, which costs little more than one token.
"""

# A guess that fails costs time, so its length follows the success of those before.
_FIRST_GUESS = 3
_LONGEST_GUESS = 16
_NGRAM = 3
#: So many tokens in one step cost little more than one; each further one costs a share of its own.
CHEAP_TOKENS = 4


def most_guessed(answers: int, most: int) -> int:
    """Return how many tokens may be guessed in one step of so many answers.

    One answer alone has nothing to lose but the time of its own guesses, and measures that; beside others, a
    guess that fails would hold up all of them.

    Args:
        answers: How many are taken further side by side.
        most: For one of them alone.
    """
    return most if answers == 1 else max(CHEAP_TOKENS - answers, 0)


class Lookup:
    """Remembers where each sequence of three tokens was last followed by something."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._length = _FIRST_GUESS

    def extend(self, tokens: list[int]) -> None:
        """Add tokens that stand in the context."""
        for token in tokens:
            if len(self._tokens) >= _NGRAM:
                self._after[tuple(self._tokens[-_NGRAM:])] = len(self._tokens)
            self._tokens.append(token)

    def guess(self, limit: int) -> list[int]:
        """Return up to `limit` tokens that may come next; often none."""
        begin = self._after.get(tuple(self._tokens[-_NGRAM:]))
        if begin is None or limit < 1:
            return []
        return self._tokens[begin : begin + min(self._length, limit)]

    def learn(self, guessed: int, right: int) -> None:
        """Take into account how many tokens of a guess were right."""
        if right == guessed:
            self._length = min(self._length * 2, _LONGEST_GUESS)
        else:
            self._length = max(2, right)
