"""`isorun doctor --attack` as a user has it, on the tier that every machine with nsjail has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtimes.attacks import ATTACKS, ENGINE_CLOSED

pytestmark = [pytest.mark.jail, pytest.mark.slow]

ISORUN = str(Path(sys.executable).with_name("isorun"))


def test_nsjail_contains_every_attack_on_both_ways(tmp_path: Path) -> None:
    command = [ISORUN, "doctor", "--attack", "--tier", "nsjail", "--json"]

    done = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(tmp_path)}
    )

    found = json.loads(done.stdout)
    cells = [(tier["path"], cell) for tier in found["tiers"] for cell in tier["attacks"]]
    assert [(path, cell) for path, cell in cells if cell["verdict"] != "contained"] == []
    assert [tier["path"] for tier in found["tiers"]] == ["cold", "fork"]
    names = [*(attack.name for attack in ATTACKS), ENGINE_CLOSED]
    assert [[cell["name"] for cell in tier["attacks"]] for tier in found["tiers"]] == [names, names]
    assert found["ok"]
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []
