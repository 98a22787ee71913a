"""A convolution over a narrow picture, as one along its height: the columns become channels.

A row of sensor axes is such a picture. The filter of one output column has a weight for every
column of the input, zero where it does not reach; what it does not reach is never multiplied
elsewhere either, so padding costs nothing.
"""

from __future__ import annotations

import numpy as np

from pipeline.compiler.axes import FilterAxis, filter_axes
from pipeline.compiler.filters import NN_BLOCK, Filters
from pipeline.compiler.graph import Operator

_MOST_WORK = 1.5  # multiplications for each that the filter itself has
_MOST_WEIGHTS = 8  # for each of the filter


def narrow_axes(operator: Operator) -> tuple[FilterAxis, FilterAxis] | None:
    """Height and width of a convolution that costs little more so, None of any other."""
    height, width = filter_axes(operator)
    is_narrow = (
        width.length <= _MOST_WORK * width.kernel
        and width.length * width.result <= _MOST_WEIGHTS * width.kernel
    )
    return (height, width) if is_narrow else None


def can_pool_columns(filters: int, columns: int, pooled: int) -> bool:
    """Whether blocks of channels are whole, for pools of `columns` that leave `pooled`."""
    return columns == 1 or pooled == 1 or filters % NN_BLOCK == 0


def spread(filters: Filters, height: FilterAxis, width: FilterAxis, columns: int) -> Filters:
    """One filter for each column and filter, with height.kernel * width.length * channels taps.

    Output columns are pooled by `columns`: the blocks of such a pool lie one after the other, and
    are filled up with zeros.
    """
    count = len(filters.bias)
    taps = filters.weights.reshape(count, height.kernel, width.kernel, -1)
    missing = -count % NN_BLOCK if columns > 1 else 0
    used = width.result // columns * columns
    rows = np.zeros((used, count + missing, height.kernel, width.length, taps.shape[3]), np.int64)
    for x, tap in np.ndindex(used, width.kernel):
        column = x * width.stride - width.padding + tap * width.dilation
        if 0 <= column < width.length:
            rows[x, :count, :, column] = taps[:, :, tap]
    bias = np.tile(np.pad(filters.bias, (0, missing)), used)
    order = _order(used, count + missing, columns)
    scales = (filters.scales + filters.scales[-1:] * missing) * used
    weights = rows.reshape(used * (count + missing), -1)
    return Filters(weights[order], bias[order], tuple(scales[index] for index in order))


def _order(used: int, filters: int, columns: int) -> list[int]:
    if columns == 1:
        return list(range(used * filters))
    numbers = np.arange(used * filters).reshape(used // columns, columns, -1, NN_BLOCK)
    return numbers.transpose(0, 2, 1, 3).ravel().tolist()
