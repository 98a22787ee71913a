"""What the parity tests share; each is made once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.conversion.child import run_child
from tests.once import Once
from tests.parity.host_engine import HostEngine, kernels
from tests.parity.target_engine import AS_BUILT, OTHERWISE

LIMIT_S = 400.0
# Without the DSP instructions it is the C that runs on this computer, under sanitizers.
ON_TARGET = [AS_BUILT, pytest.param(OTHERWISE, marks=pytest.mark.soak)]


@pytest.fixture(scope="session")
def engine(
    tmp_path_factory: pytest.TempPathFactory, once: Once, request: pytest.FixtureRequest
) -> HostEngine:
    request.getfixturevalue("host_compiler")
    return HostEngine(tmp_path_factory.mktemp("engine"), once("kernels", kernels))


@pytest.fixture(scope="session")
def keras_models(once: Once) -> Path:
    """A folder of the converted networks of keras_models.py."""
    return once("keras-models", made_by("keras_models"))


def made_by(module: str) -> Callable[[Path], Path]:
    """What `main` of a module here leaves in a folder, called where TensorFlow is loaded."""

    def make(folder: Path) -> Path:
        name, log = f"tests.parity.{module}", folder / "log"
        run_child(name, [folder], log, LIMIT_S, f"running {name}", "a network is at fault")
        return folder

    return make
