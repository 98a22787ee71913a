"""What several files of these tests set up once."""

from __future__ import annotations

import pytest

from pipeline.twin.library import Twin
from tests.toy_text import writer


@pytest.fixture(scope="session")
def toy_writer(tmp_path_factory: pytest.TempPathFactory, host_compiler: None) -> Twin:
    folder = tmp_path_factory.mktemp("toy-writer")
    return Twin(writer().write_sources(folder / "model"), folder)
