"""What the compiler says of a flatbuffer that it refuses."""

from __future__ import annotations

import pytest

from pipeline.compiler import compile_network
from pipeline.core.errors import ExitCode, PipelineError


def refusal(flatbuffer: bytes) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        compile_network(flatbuffer)
    assert caught.value.exit_code == ExitCode.FAILED
    return caught.value
