"""What a program may use: pure data and pure functions."""

from ._base import Config, PolicyError
from ._key import key
from ._load import checked, from_dict, load, parse, preset_names, preset_text
from ._narrow import allows_flag, narrow
from ._policy import Compile, Docker, Isolation, Limits, Mount, Network, Policy
from ._schema import schema_text

__all__ = [
    "Compile",
    "Config",
    "Docker",
    "Isolation",
    "Limits",
    "Mount",
    "Network",
    "Policy",
    "PolicyError",
    "allows_flag",
    "checked",
    "from_dict",
    "key",
    "load",
    "narrow",
    "parse",
    "preset_names",
    "preset_text",
    "schema_text",
]
