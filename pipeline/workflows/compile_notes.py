"""What `gesture compile` says beside its result: where something was not as it may seem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.compiler.ends import Ends
from pipeline.conversion.model_vectors import Call, Values
from pipeline.core.plurals import counted

USUAL_CALIBRATION = 100  # inputs


def few_inputs(calibration: Mapping[str, Values]) -> list[str]:
    """Where a Keras model was quantized with few inputs."""
    count = min(map(len, calibration.values()))
    if count >= USUAL_CALIBRATION:
        return []
    return [
        f"--calibrate has {counted(count, 'input')}; about {USUAL_CALIBRATION} or more are usual. "
        "Values beyond what these reach are cut off."
    ]


def nothing_stripped(ends: Ends) -> list[str]:
    """Where --strip-ends had no effect. ends: before it."""
    if any(end.is_converted for end in (*ends.inputs, *ends.outputs)):
        return []
    return ["--strip-ends changed nothing: the file converts no input and no output."]


def other_name(stem: str, name: str) -> list[str]:
    """Where a file's name could not be that of the C."""
    if name in (stem.lower(), f"model_{stem.lower()}"):
        return []
    return [
        f"`{stem}` is no short name in C, so all names begin with `{name}`. Rename the file for "
        "another one."
    ]


def few_answers(calls: Sequence[Call]) -> list[str]:
    """Where all expected outputs are the same."""
    answers = {
        b"".join(one.tobytes() for one in call.expected)
        for call in calls
        if call.expected is not None
    }
    if len(answers) > 1:
        return []
    return [
        "All of these inputs have the same output, so they prove little. Give real ones with "
        "--vectors."
    ]
