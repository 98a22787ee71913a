"""Files that look like .tflite models and are not: sound ones, changed with method.

Bytes are changed blindly (flipped, cut, overwritten with numbers that offsets and counts fear), and
fields with knowledge of the format: shapes, types, buffers, scales, operands, options. The same
seed gives the same files.
"""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

Random: TypeAlias = np.random.Generator
MAX_CHANGES = 3
SIZES = (-(2**31), -1, 0, 1, 2, 3, 7, 128, 4096, 65536, 2**20, 2**31 - 1)
WORDS = (0, 1, 2, 4, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)
REALS = (0.0, -1.0, 1e-45, 1e-20, 0.001, 0.1, 1.0, 1e9, 1e38, float("inf"), float("nan"))


@dataclass(frozen=True)
class Hostile:
    """kind: the change that was made, or the last of several."""

    kind: str
    data: bytes


def hostile_files(sound: Sequence[bytes], count: int, seed: int) -> Iterator[Hostile]:
    """`count` changed copies of `sound` files, blind and knowing changes in turn."""
    random = np.random.default_rng(seed)
    models = [schema.ModelT.InitFromPackedBuf(data) for data in sound]
    blind, knowing = list(BLIND.items()), list(KNOWING.items())
    for number in range(count):
        chosen = int(random.integers(len(sound)))
        if number % 2:
            yield _knowing(random, models[chosen], knowing)
        else:
            kind, change = blind[int(random.integers(len(blind)))]
            yield Hostile(kind, change(random, sound[chosen]))


def _knowing(random: Random, model: Any, changes: list[tuple[str, Change]]) -> Hostile:
    changed = copy.deepcopy(model)
    for _ in range(int(random.integers(1, MAX_CHANGES + 1))):
        kind, change = changes[int(random.integers(len(changes)))]
        change(random, changed)
        if kind == "lists":  # may be empty now
            break
    builder = flatbuffers.Builder(1024)
    builder.Finish(changed.Pack(builder), b"TFL3")
    return Hostile(kind, bytes(builder.Output()))


def _one(random: Random, choices: Sequence[Any]) -> Any:
    return choices[int(random.integers(len(choices)))]


# Blind: bytes in, bytes out.


def _flip(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for place in random.integers(0, len(data), int(random.integers(1, 9))):
        changed[place] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _overwrite(random: Random, data: bytes) -> bytes:
    """Words at aligned places, where offsets and counts lie."""
    changed = bytearray(data)
    for place in random.integers(0, len(data) // 4, int(random.integers(1, 4))):
        near = int(random.integers(0, len(data)))
        struct.pack_into("<I", changed, 4 * int(place), _one(random, (*WORDS, near)))
    return bytes(changed)


def _cut(random: Random, data: bytes) -> bytes:
    return data[: int(random.integers(0, len(data)))]


def _splice(random: Random, data: bytes) -> bytes:
    """A piece is left out, doubled, or moved elsewhere."""
    start, end, target = sorted(int(place) & ~3 for place in random.integers(0, len(data), 3))
    without, doubled = data[:start] + data[end:], data[:end] + data[start:]
    moved = data[:start] + data[end:target] + data[start:end] + data[target:]
    changed: bytes = _one(random, (without, doubled, moved))
    return changed


def _noise(random: Random, data: bytes) -> bytes:
    head: bytes = _one(random, (b"", data[:8], data[: len(data) // 2]))
    return head + random.bytes(int(random.integers(0, 4096)) & ~3)


# Knowing: a model is changed in place.


def _tensor(random: Random, model: Any) -> Any:
    return _one(random, model.subgraphs[0].tensors)


def _operator(random: Random, model: Any) -> Any:
    return _one(random, model.subgraphs[0].operators)


def _shape(random: Random, model: Any) -> None:
    tensor = _tensor(random, model)
    shape = [int(size) for size in tensor.shape]
    if shape and random.random() < 0.7:
        shape[int(random.integers(len(shape)))] = _one(random, SIZES)
    else:
        shape = [*shape, *_one(random, ((1,), (2,), (1, 1, 1, 1), (65536, 65536)))]
    tensor.shape = random.permutation(shape).tolist() if random.random() < 0.2 else shape


def _reshape(random: Random, model: Any) -> None:
    """Another shape for as many elements."""
    tensor = _tensor(random, model)
    tensor.shape = random.permutation([*tensor.shape, 1]).astype(int).tolist()


def _type(random: Random, model: Any) -> None:
    _tensor(random, model).type = _one(random, (0, 2, 3, 7, 9, 17, 99, -1))


def _buffer(random: Random, model: Any) -> None:
    buffers = len(model.buffers)
    _tensor(random, model).buffer = _one(random, (0, *range(buffers), buffers, 2**32 - 1))


def _contents(random: Random, model: Any) -> None:
    buffer = _one(random, model.buffers)
    old = np.zeros(8, np.uint8) if buffer.data is None else np.array(buffer.data, np.uint8)
    noise = random.integers(0, 256, len(old)).astype(np.uint8)
    buffer.data = _one(random, (noise, old[:-1], np.append(old, noise), np.full_like(old, 0x80)))


def _quantization(random: Random, model: Any) -> None:
    quantization = _tensor(random, model).quantization
    if quantization is None:
        return
    match int(random.integers(4)):
        case 0:
            quantization.scale = [_one(random, REALS) for _ in range(_one(random, (0, 1, 1, 4)))]
        case 1:
            points = (-(2**63), -200, -128, 0, 127, 2**40)
            quantization.zeroPoint = [_one(random, points) for _ in range(_one(random, (0, 1, 1)))]
        case 2:
            quantization.quantizedDimension = _one(random, SIZES)
        case _:
            shift = float(np.exp(random.uniform(-20, 20)))
            scales = np.zeros(0) if quantization.scale is None else quantization.scale
            quantization.scale = [float(np.float32(scale * shift)) for scale in scales]


def _operands(random: Random, model: Any) -> None:
    """Tensors that are not there, too many, too few, or of another operator."""
    operator, tensors = _operator(random, model), len(model.subgraphs[0].tensors)
    inputs = [int(index) for index in operator.inputs]
    index = int(random.integers(len(inputs) or 1))
    other = _one(random, (-1, -2, tensors, 2**31 - 1, *range(tensors)))
    swapped = [*inputs[:index], other, *inputs[index + 1 :]]
    operator.inputs = _one(random, (swapped, swapped, inputs[:-1], [*inputs, other], inputs[::-1]))


def _cycle(random: Random, model: Any) -> None:
    """An operator reads its own output or that of a later one, or they run in another order."""
    operators = model.subgraphs[0].operators
    if random.random() < 0.3:
        model.subgraphs[0].operators = [operators[i] for i in random.permutation(len(operators))]
        return
    first, second = _one(random, operators), _one(random, operators)
    first.inputs = [*(int(index) for index in second.outputs), *map(int, first.inputs[1:])]


def _outputs(random: Random, model: Any) -> None:
    graph = model.subgraphs[0]
    other = int(random.integers(-1, len(graph.tensors) + 1))
    _operator(random, model).outputs = _one(random, ([other], [other], [], [other, other]))


def _ends(random: Random, model: Any) -> None:
    graph = model.subgraphs[0]
    other = int(random.integers(-1, len(graph.tensors) + 1))
    ends = _one(random, ([other], [other], [], [other, other]))
    setattr(graph, _one(random, ("inputs", "outputs")), ends)


def _options(random: Random, model: Any) -> None:
    """A number of an operator's options, or the options of another."""
    operator = _operator(random, model)
    if operator.builtinOptions is None or random.random() < 0.15:
        other = _operator(random, model)
        operator.builtinOptions = other.builtinOptions
        operator.builtinOptionsType = other.builtinOptionsType
        return
    fields = [name for name, value in vars(operator.builtinOptions).items() if _is_number(value)]
    if fields:
        field = _one(random, fields)
        setattr(operator.builtinOptions, field, _fitting(random, field))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fitting(random: Random, field: str) -> Any:
    """A number that the field can hold."""
    if field == "beta":
        return _one(random, REALS)
    names = ("padding", "ctivation", "Format", "Type", "mode")
    bytewide = any(name in field for name in names)
    return _one(random, (-128, -1, 0, 1, 2, 3, 4, 5, 127)) if bytewide else _one(random, SIZES)


def _code(random: Random, model: Any) -> None:
    code = _one(random, model.operatorCodes)
    code.builtinCode = _one(random, (-1, 250, 2**31 - 1, *range(0, 130)))
    code.deprecatedBuiltinCode = max(min(code.builtinCode, 127), -128)


def _code_index(random: Random, model: Any) -> None:
    codes = len(model.operatorCodes)
    _operator(random, model).opcodeIndex = _one(random, (*range(codes), codes, 2**32 - 1))


def _doubled(random: Random, model: Any) -> None:
    """Lists that are longer, or empty."""
    graph = model.subgraphs[0]
    match int(random.integers(4)):
        case 0:
            graph.operators = [*graph.operators, _operator(random, model)]
        case 1:
            graph.operators = graph.operators * _one(random, (0, 2, 600))
        case 2:
            graph.tensors = graph.tensors * _one(random, (2, 200))
        case _:
            model.subgraphs = model.subgraphs * _one(random, (0, 2))


def _name(random: Random, model: Any) -> None:
    names = ("", "\0", "a */ b", "int", "/" * 50, "x" * 5000, "\n#error\n", "ünï", "??/", "%s{}")
    _tensor(random, model).name = _one(random, names)


Change: TypeAlias = Callable[[Random, Any], None]
BLIND: dict[str, Callable[[Random, bytes], bytes]] = {
    "bits flipped": _flip,
    "words overwritten": _overwrite,
    "cut short": _cut,
    "pieces moved": _splice,
    "noise": _noise,
}
KNOWING: dict[str, Change] = {
    "shape": _shape,
    "reshape": _reshape,
    "type": _type,
    "buffer": _buffer,
    "contents": _contents,
    "quantization": _quantization,
    "operands": _operands,
    "cycle": _cycle,
    "outputs": _outputs,
    "ends": _ends,
    "options": _options,
    "operator code": _code,
    "code index": _code_index,
    "lists": _doubled,
    "name": _name,
}
