"""What the parity tests share; each is made once a session."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.once import Once
from tests.parity.host_engine import HostEngine, kernels

LIMIT_S = 300


@pytest.fixture(scope="session")
def engine(
    tmp_path_factory: pytest.TempPathFactory, once: Once, request: pytest.FixtureRequest
) -> HostEngine:
    request.getfixturevalue("host_compiler")
    return HostEngine(tmp_path_factory.mktemp("engine"), once("kernels", kernels))


@pytest.fixture(scope="session")
def keras_models(once: Once) -> Path:
    """A folder of the converted networks of keras_models.py."""
    return once("keras-models", convert_models)


def convert_models(folder: Path) -> Path:
    script = Path(__file__).with_name("keras_models.py")
    result = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder
