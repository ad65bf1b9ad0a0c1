"""A model in llama.cpp: read tokens, look at what comes next, forget the end, keep states on disk.

The high-level class of llama-cpp-python is not used: its states copy hundreds of megabytes of logits, and its
lookup decoding keeps the logits of every token.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import llama_cpp  # pyright: ignore[reportMissingImports]
import numpy as np  # pyright: ignore[reportMissingImports]

from .room import SLOTS, room_tokens
from .states import States

# A prompt is read in pieces of so many tokens; between two of them a cancelled request is noticed.
BATCH_TOKENS = 256
_MARK = "\x02{}\x03"


class LoadError(Exception):
    """llama.cpp cannot load the file, or has no memory for its context."""


class ContextFullError(Exception):
    """A request and its answer are longer than the context."""


class Settings(NamedTuple):
    """How a model is loaded; see `agent.models.ModelSettings`."""

    path: str
    context_tokens: int
    threads: int
    gpu_layers: int
    states: str


class Slot:
    """One of the sequences that a context holds, and which tokens it has.

    Attributes:
        number: Of the sequence.
        tokens: What has been read into it.
        used: When it was given away last, as a count.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.tokens: list[int] = []
        self.used = 0


class Part(NamedTuple):
    """What is read into one slot in a step."""

    slot: Slot
    tokens: Sequence[int]


class Llama:
    """One model with one context, which holds the tokens read last, in several sequences side by side."""

    def __init__(self, settings: Settings) -> None:
        _be_quiet()
        llama_cpp.llama_backend_init()
        self._model = self._load(settings)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self.slots = [Slot(number) for number in range(SLOTS if self.can_go_back else 1)]
        self._context = self._open(settings)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._words = int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))
        self._batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._states = States(Path(settings.states), _model_key(settings))

    def _load(self, settings: Settings) -> Any:
        options = llama_cpp.llama_model_default_params()
        options.n_gpu_layers = settings.gpu_layers
        model = llama_cpp.llama_model_load_from_file(os.fsencode(settings.path), options)
        if not model:
            raise LoadError("llama.cpp cannot load this file")
        return model

    def _open(self, settings: Settings) -> Any:
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        options = llama_cpp.llama_context_default_params()
        # llama.cpp rounds up what it reserves; what is used stays below what the model has learned.
        self.context_tokens = min(
            settings.context_tokens, trained if trained > 0 else settings.context_tokens
        )
        self.room_tokens = room_tokens(self.context_tokens) if len(self.slots) > 1 else self.context_tokens
        options.n_ctx = self.room_tokens
        options.n_seq_max = len(self.slots)
        # Sequences that begin alike share what they have read.
        options.kv_unified = True
        options.n_batch = options.n_ubatch = BATCH_TOKENS
        options.n_threads = options.n_threads_batch = settings.threads
        context = llama_cpp.llama_init_from_model(self._model, options)
        if not context:
            raise LoadError(f"there is no memory for a context of {self.context_tokens} tokens")
        return context

    @property
    def can_go_back(self) -> bool:
        """Whether the last tokens can be forgotten without the others; not with a recurrent state."""
        recurrent = llama_cpp.llama_model_is_recurrent(self._model)
        return not (recurrent or llama_cpp.llama_model_is_hybrid(self._model))

    # Text and tokens

    def tokens_of(self, text: str, *, special: bool = False, first: bool = False) -> list[int]:
        """Return the tokens of a text. Marks of the chat format in it are ordinary text, if not `special`."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        found = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), found, room, first, special)
        return list(found[: max(count, 0)])

    def bytes_of(self, token: int) -> bytes:
        """Return the bytes of a token; none of a mark of the chat format."""
        buffer = ctypes.create_string_buffer(64)
        size = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(size, 0)]

    @property
    def end(self) -> int:
        """The token that ends a turn."""
        turn = int(llama_cpp.llama_vocab_eot(self._vocabulary))
        return turn if turn >= 0 else int(llama_cpp.llama_vocab_eos(self._vocabulary))

    def is_end(self, token: int) -> bool:
        """Whether a token ends the answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocabulary, token))

    def chat(self, messages: Sequence[tuple[str, str]], fixed: int) -> tuple[list[int], int]:
        """Return the tokens of a conversation up to the answer, and how many the first `fixed` messages are.

        The frame comes from the model's own chat template. What stands in a message is read as plain text, so
        that nothing in a question or a file can pass for the end of a turn.
        """
        frame = self._frame([role for role, _ in messages])
        tokens: list[int] = []
        length = 0
        for index, (_, text) in enumerate(messages):
            before, _, frame = frame.partition(_MARK.format(index))
            tokens += self.tokens_of(before, special=True, first=index == 0)
            if index == fixed:
                length = len(tokens)
            tokens += self.tokens_of(text)
        return tokens + self.tokens_of(frame, special=True), length

    def _frame(self, roles: Sequence[str]) -> str:
        """Apply the model's template to marks in place of texts."""
        array = (llama_cpp.llama_chat_message * len(roles))()
        for index, role in enumerate(roles):
            array[index].role = role.encode()
            array[index].content = _MARK.format(index).encode()
        template = llama_cpp.llama_model_chat_template(self._model, None) or b"chatml"
        for name in (template, b"chatml"):  # a template that llama.cpp does not know: the commonest one
            buffer = ctypes.create_string_buffer(65536)
            size = llama_cpp.llama_chat_apply_template(name, array, len(roles), True, buffer, len(buffer))
            if 0 < size <= len(buffer):
                return buffer.raw[:size].decode("utf-8", "replace")
        raise LoadError("the chat template of this model cannot be applied")

    # Reading

    def read(self, slot: Slot, tokens: list[int], fixed: int, go_on: Callable[[], bool]) -> int:
        """Have exactly these tokens in a slot, and return how many of them need not be read.

        Stops in between when `go_on` says no.
        """
        # The last one is always read again, for its logits.
        self._begin_like(slot, tokens[:-1])
        beginning = tokens[:fixed] if len(slot.tokens) < fixed < len(tokens) else []
        if beginning:
            self._restore(slot, beginning)
        kept = len(slot.tokens)
        if kept < len(beginning) and self._read_on(slot, beginning, go_on):
            self._save(slot, beginning)
        self._read_on(slot, tokens, go_on)
        return kept

    def common(self, slot: Slot, tokens: Sequence[int]) -> int:
        """Return how many tokens at the beginning are in a slot already."""
        return _common(slot.tokens, tokens)

    def _begin_like(self, slot: Slot, tokens: list[int]) -> None:
        """Keep what a slot has of these tokens, or copy what another one has more of them."""
        best = max(self.slots, key=lambda other: (_common(other.tokens, tokens), other is slot))
        length = _common(best.tokens, tokens)
        if best is not slot and length > _common(slot.tokens, tokens):
            self.forget(slot, 0)
            llama_cpp.llama_memory_seq_cp(self._memory, best.number, slot.number, 0, length)
            slot.tokens = list(best.tokens[:length])
        self.forget(slot, length)

    def forget(self, slot: Slot, length: int) -> None:
        """Drop all tokens of a slot after the first `length`."""
        if length >= len(slot.tokens):
            return
        if not llama_cpp.llama_memory_seq_rm(self._memory, slot.number, length, -1):  # see `can_go_back`
            llama_cpp.llama_memory_seq_rm(self._memory, slot.number, -1, -1)
            length = 0
        del slot.tokens[length:]

    def _read_on(self, slot: Slot, tokens: list[int], go_on: Callable[[], bool]) -> bool:
        """Read what is missing of these tokens."""
        while len(slot.tokens) < len(tokens):
            if not go_on():
                return False
            begin = len(slot.tokens)
            self.step([Part(slot, tokens[begin : begin + BATCH_TOKENS])], every=False)
        return True

    def step(self, parts: Sequence[Part], *, every: bool = True) -> list[int]:
        """Read tokens into several slots at once, at most `BATCH_TOKENS` together.

        That takes little longer than for one slot: the weights of the model are gone through once.

        Args:
            parts: What is read into which slot.
            every: Have the logits after each token, not only after the last of all.

        Returns:
            For each part the number of its first token, for `logits`.

        Raises:
            ContextFullError: The context is full.
        """
        offsets: list[int] = []
        batch, count = self._batch, 0
        for slot, tokens in parts:
            offsets.append(count)
            for position, token in enumerate(tokens, start=len(slot.tokens)):
                batch.token[count] = token
                batch.pos[count] = position
                batch.n_seq_id[count] = 1
                batch.seq_id[count][0] = slot.number
                batch.logits[count] = every
                count += 1
        batch.logits[count - 1] = True
        batch.n_tokens = count
        match llama_cpp.llama_decode(self._context, batch):
            case 0:
                for slot, tokens in parts:
                    slot.tokens.extend(tokens)
            case 1:  # there was no room, and nothing was read
                raise ContextFullError("llama.cpp has no room for more tokens")
            case code:  # how much was read is not known: this process ends, and the next one begins anew
                raise RuntimeError(f"llama.cpp failed (code {code})")
        return offsets

    def logits(self, index: int = -1) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Return how likely each token is after token `index` of the last step. Valid until the next one."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(pointer, shape=(self._words,))

    # States on disk

    def _restore(self, slot: Slot, tokens: list[int]) -> None:
        """Take the state after these tokens from disk, if there is one that fits."""
        path = self._states.find(tokens)
        if path is None:
            return
        self.forget(slot, 0)
        room = len(tokens) + 1
        found, count = (llama_cpp.llama_token * room)(), ctypes.c_size_t()
        name, number = os.fsencode(path), slot.number
        size = llama_cpp.llama_state_seq_load_file(
            self._context, name, number, found, room, ctypes.byref(count)
        )
        if size and list(found[: count.value]) == tokens:
            slot.tokens = list(tokens)
        else:  # half of it may have been taken
            llama_cpp.llama_memory_seq_rm(self._memory, number, -1, -1)

    def _save(self, slot: Slot, tokens: list[int]) -> None:
        array = (llama_cpp.llama_token * len(tokens))(*tokens)

        def write(name: bytes) -> int:
            return int(
                llama_cpp.llama_state_seq_save_file(self._context, name, slot.number, array, len(tokens))
            )

        self._states.keep(tokens, write)


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))


def _model_key(settings: Settings) -> str:
    """What a state depends on beside its tokens. A file that is replaced has another time or size."""
    found = os.stat(settings.path)
    return f"{llama_cpp.__version__} {found.st_size} {found.st_mtime_ns} {settings.gpu_layers}"


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator,unused-ignore]
def _drop(level: int, text: bytes, data: Any) -> None:
    """Say nothing: what fails is said by an exception."""


def _be_quiet() -> None:
    llama_cpp.llama_log_set(_drop, ctypes.c_void_p(0))
