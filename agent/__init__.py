"""Let a local language model think in programs. So far only the contracts."""

from ._model import Model, ModelError

__all__ = ["Model", "ModelError"]
