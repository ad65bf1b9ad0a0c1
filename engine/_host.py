"""What the engine lends to its runtimes."""

from typing import NamedTuple

from ._config import EngineConfig
from ._process import Warden


class Host(NamedTuple):
    """Given to each runtime when it is made; the engine owns both parts."""

    config: EngineConfig
    warden: Warden
