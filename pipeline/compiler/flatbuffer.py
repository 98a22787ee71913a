"""The bytes of a .tflite file, read with every offset checked.

The classes that TensorFlow generates from the schema read a damaged file without such checks, and
to import them loads an interpreter. Layout of flatbuffers: https://flatbuffers.dev/internals. Field
numbers are those of TensorFlow Lite's schema, version 3.

Offsets only lead forward, so a hostile file cannot make a loop. Many offsets may lead to the same
part, so a small file could list more than there is memory for: nothing is copied, and all reads are
counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pipeline.core.errors import PipelineError

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
MAX_FILE_BYTES = 16 * 2**20
MAX_ITEMS = 2048  # tensors, operators, buffers of a model; numbers in a list
MAX_NAME = 256  # bytes of a name that are read
MAX_WORK = 2**20  # numbers and tables read, one way or another
TABLE_WORK = 16  # a table costs as much as so many numbers


def damaged(detail: str) -> PipelineError:
    """The error for a file that is not a sound .tflite file."""
    return PipelineError(
        f"The model is not a sound .tflite file: {detail}.",
        "the file was cut short, changed, or is of another kind",
        "copy or convert it again; `gesture convert` writes the model of a run again",
    )


@dataclass
class _Source:
    """The file, and how much may still be read of it."""

    data: bytes
    left: int = MAX_WORK

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise damaged("its lists lead to the same parts again and again")

    def check(self, start: int, length: int) -> None:
        if start < 0 or start + length > len(self.data):
            raise damaged(f"it points beyond its {len(self.data)} bytes")

    def read(self, code: str, place: int) -> int:
        self.check(place, struct.calcsize(code))
        number: int = struct.unpack_from(code, self.data, place)[0]
        return number

    def follow(self, place: int) -> FlatTable:
        self.spend(TABLE_WORK)
        position = place + self.read("<I", place)
        vtable = position - self.read("<i", position)
        self.check(vtable, self.read("<H", vtable))
        self.check(position, self.read("<H", vtable + 2))
        return FlatTable(self, position)


@dataclass(frozen=True)
class FlatTable:
    """A table of a flatbuffer: fields by number, defaults for those that were left out."""

    source: _Source
    position: int

    def _field(self, number: int) -> int | None:
        """Where the field's value is, None where the field was left out."""
        vtable = self.position - self.source.read("<i", self.position)
        size = self.source.read("<H", vtable)
        entry = 4 + 2 * number
        if entry + 2 > size:
            return None
        offset = self.source.read("<H", vtable + entry)
        return self.position + offset if offset else None

    def number(self, field: int, code: str, default: float = 0) -> int:
        """An integer or boolean field; `code` is its struct format."""
        place = self._field(field)
        return int(default) if place is None else int(self.source.read("<" + code, place))

    def real(self, field: int, default: float = 0.0) -> float:
        """A float32 field."""
        place = self._field(field)
        return default if place is None else float(self.source.read("<f", place))

    def _vector(self, field: int, item_bytes: int) -> tuple[int, int] | None:
        """First item's place and the number of items."""
        place = self._field(field)
        if place is None:
            return None
        start = place + self.source.read("<I", place)
        count = self.source.read("<I", start)
        self.source.check(start + 4, count * item_bytes)
        return start + 4, count

    def numbers(self, field: int, code: str) -> tuple[float, ...]:
        """A vector of numbers; `code` is the struct format of one."""
        vector = self._vector(field, struct.calcsize(code))
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        self.source.spend(count)
        return struct.unpack_from(f"<{count}{code}", self.source.data, start)

    def integers(self, field: int, code: str = "i") -> tuple[int, ...]:
        """A vector of integers."""
        return tuple(int(value) for value in self.numbers(field, code))

    def raw(self, field: int) -> memoryview:
        """A vector of bytes, not copied."""
        start, count = self._vector(field, 1) or (0, 0)
        return memoryview(self.source.data)[start : start + count]

    def text(self, field: int) -> str:
        """A string, or how it begins; its closing NUL must be there."""
        vector = self._vector(field, 1)
        if vector is None:
            return ""
        start, count = vector
        if self.source.read("<B", start + count) != 0:
            raise damaged("a name has no end")
        shown = self.source.data[start : start + min(count, MAX_NAME)]
        return shown.decode("utf-8", errors="replace")

    def table(self, field: int) -> FlatTable | None:
        """A field that is a table; None where it was left out."""
        place = self._field(field)
        return None if place is None else self.source.follow(place)

    def tables(self, field: int) -> tuple[FlatTable, ...]:
        """A vector of tables."""
        vector = self._vector(field, 4)
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        return tuple(self.source.follow(start + 4 * index) for index in range(count))


def root(data: bytes) -> FlatTable:
    """The root table. Raises PipelineError where the file is not a .tflite model."""
    if len(data) > MAX_FILE_BYTES:
        raise damaged(f"it has {len(data)} bytes, more than {MAX_FILE_BYTES}")
    if len(data) % 4 or data[4:8] != FILE_IDENTIFIER:
        raise damaged("it does not begin, or does not end, as such a file does")
    return _Source(data).follow(0)


def _limit(count: int) -> None:
    if count > MAX_ITEMS:
        raise damaged(f"it lists {count} items where {MAX_ITEMS} is the most")


# Built-in operators, in the order of their codes.
OPERATORS = tuple(
    """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
    LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
    RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS
    SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT
    LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG
    PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE
    EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD
    REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV
    REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU
    SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE
    RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D
    IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
    CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS
    RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE
    RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT
    """.split()  # noqa: SIM905
)

TENSOR_TYPES = tuple(
    """
    FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64
    RESOURCE VARIANT UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4
    """.split()  # noqa: SIM905
)
PADDINGS = ("SAME", "VALID")
ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")

# The fewest and the most inputs of an operator, absent ones included.
INPUTS = {
    "CONV_2D": (2, 3),
    "DEPTHWISE_CONV_2D": (2, 3),
    "TRANSPOSE_CONV": (3, 4),
    "FULLY_CONNECTED": (2, 3),
    "MEAN": (2, 2),
    "REDUCE_MAX": (2, 2),
    "REDUCE_MIN": (2, 2),
    "ADD": (2, 2),
    "SUB": (2, 2),
    "MUL": (2, 2),
    "MAXIMUM": (2, 2),
    "MINIMUM": (2, 2),
    "PRELU": (2, 2),
    "RESIZE_NEAREST_NEIGHBOR": (2, 2),
    "PAD": (2, 2),
    "PADV2": (3, 3),
    "MIRROR_PAD": (2, 2),
    "SELECT_V2": (3, 3),
    "ARG_MAX": (2, 2),
    "ARG_MIN": (2, 2),
    "LESS": (2, 2),
    "LESS_EQUAL": (2, 2),
    "EQUAL": (2, 2),
    "NOT_EQUAL": (2, 2),
    "GREATER_EQUAL": (2, 2),
    "GREATER": (2, 2),
    "RESHAPE": (1, 2),
    "EXPAND_DIMS": (2, 2),
    "STRIDED_SLICE": (4, 4),
    "SVDF": (5, 5),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (24, 24),
    "SLICE": (3, 3),
    "SPACE_TO_BATCH_ND": (3, 3),
    "BATCH_TO_SPACE_ND": (3, 3),
    "TRANSPOSE": (2, 2),
    "SPLIT": (2, 2),
    "SPLIT_V": (3, 3),
    "CONCATENATION": (1, 10),
    "PACK": (1, 10),
}
ONE_INPUT = (1, 1)  # of all other operators that are supported


def name_of(names: tuple[str, ...], number: int) -> str:
    """The name of this number, or the number in words where it has none."""
    return names[number] if 0 <= number < len(names) else f"number {number}"
