"""All that is in the way of a model, and not only the first obstacle.

Every operator is looked at by itself: whether the engine has it, what it works on, its options.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from pipeline.compiler.advice import advice_for, whole_model_advice
from pipeline.compiler.broadcast import stretched
from pipeline.compiler.decisions import with_numbers_of_decisions
from pipeline.compiler.dilation import with_dilations
from pipeline.compiler.ends import split_ends
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import (
    VARIABLES,
    ModelRefusalError,
    Operator,
    OperatorRefusalError,
    Tensor,
)
from pipeline.compiler.lower import lower
from pipeline.compiler.parsed import ParsedOperator, needed
from pipeline.compiler.reader import UNREADABLE, check_alone, read_main_operators, read_operators
from pipeline.core.errors import PipelineError

_SHOWN = 4  # layers with the same obstacle, or tensors
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "SVDF")


def every_obstacle(
    flatbuffer: bytes, first: OperatorRefusalError | ModelRefusalError
) -> PipelineError:
    """The error for a model that was refused with `first`: all of its operators' obstacles."""
    refused: list[ModelRefusalError] = []
    try:
        parsed, inputs, outputs = read_main_operators(flatbuffer, refused)
    except PipelineError:  # it cannot be read further
        return first
    kind = _kind_of(parsed)
    parsed, ends = split_ends(parsed, inputs, outputs, {})
    results = [end.inside for end in ends.outputs]
    parsed = needed(parsed, [tensor.index for tensor in results])
    found = _obstacles(parsed, results, kind is None)
    if kind is None and isinstance(first, OperatorRefusalError):
        found = found or [first]
    elif isinstance(first, ModelRefusalError):
        refused = refused or [first]
    return _told([kind] if kind else [error.reason for error in refused], found)


def _obstacles(
    parsed: Sequence[ParsedOperator], results: Sequence[Tensor], is_int8: bool
) -> list[OperatorRefusalError]:
    """Of a model that is not int8 at all only what the engine does not have."""
    found: list[OperatorRefusalError] = []
    operators: list[Operator] = []
    for item in parsed:
        with _collecting(found):
            # Floats that are made of other weights are no obstacle beside all that is float.
            if item.name not in VARIABLES and (is_int8 or item.name != "DEQUANTIZE"):
                read = read_operators(item)
                operators += read if is_int8 and _is_readable(item) else ()
    with _collecting(found):
        operators = with_numbers_of_decisions(with_dilations(operators, results), results)
    for operator in operators:
        with _collecting(found):
            check_alone(operator)
            for part in stretched(operator, count()):
                lower(Step(part))
    return found


def _is_readable(item: ParsedOperator) -> bool:
    return all(
        tensor is None or tensor.dtype != UNREADABLE for tensor in (*item.inputs, *item.outputs)
    )


@contextmanager
def _collecting(found: list[OperatorRefusalError]) -> Iterator[None]:
    """A damaged part is left to the reader, which has named it already."""
    try:
        yield
    except OperatorRefusalError as error:
        found.append(error)
    except PipelineError:
        pass


def _kind_of(parsed: Sequence[ParsedOperator]) -> str | None:
    """How a model has no integers to compute with, in words; None where it has."""
    if any(item.name == "DEQUANTIZE" and _takes(item, "FLOAT16") for item in parsed):
        return "its weights are float16, and it computes in float32"
    for item in parsed:
        if item.name not in _WEIGHTED or len(item.values) < 2:
            continue
        values, weights = item.values[:2]
        if values is not None and weights is not None:
            kind = _kind(values, weights)
            if kind is not None:
                return kind
    return None


def _takes(item: ParsedOperator, dtype: str) -> bool:
    return any(tensor is not None and tensor.dtype == dtype for tensor in item.inputs)


def _kind(values: Tensor, weights: Tensor) -> str | None:
    if weights.dtype in ("INT4", "INT2", "UINT4"):
        return f"its weights have {weights.dtype[-1]} bits"
    if values.dtype == "FLOAT32":
        if weights.dtype == "INT8":
            return "only its weights are int8, and it computes in float32 (dynamic range)"
        return "it computes in float32"
    if values.dtype == "UINT8":
        return "it computes in uint8, as TensorFlow 1 quantized"
    return None


def _told(of_model: Sequence[str], found: Sequence[OperatorRefusalError]) -> PipelineError:
    """of_model: what is in the way of the model as a whole, in words."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for item in found:
        grouped.setdefault((item.operator, item.reason), []).append(item.layer)
    lines = [*dict.fromkeys(of_model)]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"{len(lines) - _SHOWN} more such tensors"]
    lines += [
        f"{operator} in {_layers(layers)}: {reason}"
        for (operator, reason), layers in grouped.items()
    ]
    advice = [whole_model_advice(reason) for reason in of_model]
    advice += [advice_for(operator, reason) for operator, reason in grouped]
    return PipelineError(_what(lines), _why(found), "; ".join(dict.fromkeys(advice)))


def _what(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return f"The compiler cannot take {_this(lines[0])}."
    listed = "".join(f"\n  - {line}" for line in lines)
    return f"The compiler cannot take this model, for {len(lines)} reasons:{listed}"


def _this(line: str) -> str:
    return line if " in layer" in line else f"this model: {line}"


def _why(found: Sequence[OperatorRefusalError]) -> str:
    computes = "the compiled engine computes in int8, or in int16 with weights of int8"
    return found[0].why if found else computes


def _layers(layers: Sequence[str]) -> str:
    names = [f"`{layer}`" for layer in dict.fromkeys(layers)]
    if len(names) == 1:
        return f"layer {names[0]}"
    rest = len(names) - _SHOWN
    return f"layers {', '.join(names[:_SHOWN])}" + (f" and {rest} more" if rest > 0 else "")
