"""How much a context has room for. Imports nothing: a model's process and its client agree on it."""

#: So many requests are answered side by side. On two cores four take hardly longer than two one by one.
SLOTS = 4
#: What the context holds beyond one whole request, for each of the others: most are short.
SIDE_TOKENS = 1024


def room_tokens(context_tokens: int) -> int:
    """Return how many tokens all slots have room for, if one request may have `context_tokens`."""
    return context_tokens + (SLOTS - 1) * min(context_tokens, SIDE_TOKENS)
