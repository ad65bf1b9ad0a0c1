"""Where text comes from: a model in a process of its own, or an endpoint on this machine."""

from ._catalog import DEFAULT_MODEL
from ._local import ModelSettings
from ._missing import MissingModel
from ._open import KEY_VARIABLE, open_model

__all__ = ["DEFAULT_MODEL", "KEY_VARIABLE", "MissingModel", "ModelSettings", "open_model"]
