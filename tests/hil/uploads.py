"""How long an upload waits in tests, and what it leaves on a board."""

from __future__ import annotations

from pipeline.deployment.upload import Timeouts
from pipeline.workflows.deploy import UploadRequest
from tests.fixtures.nano.board import Nano

WAITS = Timeouts(bootloader_s=2, restart_s=5, person_s=60, opening_s=10, application_s=60)
IMPATIENT = Timeouts(bootloader_s=0.5, restart_s=0.5, person_s=0.5, opening_s=0.5, application_s=3)
VECTORS = 8


def holds(nano: Nano, wanted: UploadRequest) -> bool:
    return nano.flash[: len(wanted.image)] == wanted.image
