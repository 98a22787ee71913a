"""Streaming variables: what a network keeps from one run to the next, by the name of a resource.

VAR_HANDLE names a variable, READ_VARIABLE and ASSIGN_VARIABLE copy it, and CALL_ONCE runs a second
subgraph that assigns the first values. As in TensorFlow Lite Micro, a variable that is not given a
first value begins at its zero point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from pipeline.compiler.flatbuffer import damaged
from pipeline.compiler.graph import VARIABLES, Graph, Operator, Tensor, Variable
from pipeline.compiler.parsed import ParsedOperator

_NEVER = 2**31  # beyond the number of any operator


def has_variables(parsed: Sequence[ParsedOperator]) -> bool:
    """Whether there is anything to resolve."""
    return any(item.name in VARIABLES for item in parsed)


def resolve_variables(
    parsed: Sequence[ParsedOperator], others: Sequence[Sequence[ParsedOperator]], first_index: int
) -> tuple[list[ParsedOperator], tuple[Variable, ...]]:
    """Operators that read and assign variables as tensors, and the variables.

    others: the subgraphs after the first; first_index: from which on tensors have no index.
    Raises PipelineError where a variable is used in a way that is not supported.
    """
    resolver = _Resolver(others, count(first_index))
    for item in parsed:
        resolver.take(item)
    return resolver.kept, resolver.variables()


@dataclass
class _Resolver:
    others: Sequence[Sequence[ParsedOperator]]
    indices: count[int]
    kept: list[ParsedOperator] = field(default_factory=list)
    _handles: dict[int, str] = field(default_factory=dict)
    _tensors: dict[str, Tensor] = field(default_factory=dict)
    _assigned: dict[str, Tensor] = field(default_factory=dict)
    _initial: Mapping[str, bytes] | None = None

    def take(self, item: ParsedOperator) -> None:
        if item.name == "VAR_HANDLE":
            self._handles[item.outputs[0].index] = _resource(item)
        elif item.name == "CALL_ONCE":
            self._call_once(item)
        elif item.name == "READ_VARIABLE":
            _require(item, 1, 1)
            source = self._variable(item, item.outputs[0])
            self.kept.append(replace(item, inputs=(source,)))
        elif item.name == "ASSIGN_VARIABLE":
            _require(item, 2, 0)
            self._assign(item)
        else:
            self.kept.append(item)

    def variables(self) -> tuple[Variable, ...]:
        return tuple(
            Variable(tensor, self._first_value(name, tensor))
            for name, tensor in self._tensors.items()
        )

    def _first_value(self, name: str, tensor: Tensor) -> bytes:
        initial = (self._initial or {}).get(name)
        if initial is None:
            if name not in self._assigned:
                raise damaged(f"nothing assigns the variable {name!r}")
            points = self._assigned[name].zero_points
            return bytes([points[0] & 255 if points else 0]) * tensor.bytes
        if len(initial) != tensor.bytes:
            raise damaged(f"the first value of variable {name!r} has another size")
        return initial

    def _assign(self, item: ParsedOperator) -> None:
        value = item.inputs[1]
        if value is None:
            raise item.refuse("it has no value")
        target = self._variable(item, value)
        self._assigned.setdefault(self._name(item), value)
        self.kept.append(replace(item, inputs=(value,), outputs=(target,)))

    def _call_once(self, item: ParsedOperator) -> None:
        number = item.option(0)
        if self._initial is not None or self._tensors:
            raise item.refuse("it is not the first that uses a variable")
        if not 1 <= number <= len(self.others):
            raise item.refuse(f"it calls subgraph {number}, which is not there")
        self._initial = _first_values(self.others[number - 1])

    def _name(self, item: ParsedOperator) -> str:
        handle = item.inputs[0]
        if handle is None or handle.index not in self._handles:
            raise item.refuse("its variable has no handle")
        return self._handles[handle.index]

    def _variable(self, item: ParsedOperator, like: Tensor) -> Tensor:
        """The tensor of a variable, which has the type and size of `like`."""
        name = self._name(item)
        if name not in self._tensors:
            index = next(self.indices)
            self._tensors[name] = replace(
                like, index=index, storage=index, name=name, data=None, is_state=True
            )
        tensor = self._tensors[name]
        if (tensor.dtype, tensor.elements) != (like.dtype, like.elements):
            raise item.refuse(f"variable {name!r} has not always the same type and size")
        return tensor


def _first_values(parsed: Sequence[ParsedOperator]) -> dict[str, bytes]:
    handles: dict[int, str] = {}
    values: dict[str, bytes] = {}
    for item in parsed:
        if item.name == "VAR_HANDLE":
            handles[item.outputs[0].index] = _resource(item)
            continue
        handle, value = (*item.inputs, None, None)[:2]
        known = handle is not None and handle.index in handles
        if item.name != "ASSIGN_VARIABLE" or handle is None or not known:
            raise item.refuse("a subgraph that is called once may only assign variables")
        if value is None or value.data is None:
            raise item.refuse("a variable's first value must be a constant")
        values[handles[handle.index]] = bytes(value.data)
    return values


def _require(item: ParsedOperator, inputs: int, outputs: int) -> None:
    if (len(item.inputs), len(item.outputs)) != (inputs, outputs):
        raise item.refuse(f"it has {len(item.inputs)} inputs and {len(item.outputs)} outputs")


def _resource(item: ParsedOperator) -> str:
    _require(item, 0, 1)
    return "/".join(text for text in (item.option_text(0), item.option_text(1)) if text)


def without_copies(graph: Graph) -> Graph:
    """The graph without copies from and to variables that nobody would notice.

    What was read lies in the variable itself, where all that use it come before the next
    assignment. What is assigned is written there at once, where nothing else uses it, and nothing
    reads the variable in the meantime. Reads `graph` after `without_views`.
    """
    operators = list(graph.operators)
    for name, can in (("READ_VARIABLE", _can_read), ("ASSIGN_VARIABLE", _can_assign)):
        at = 0
        while at < len(operators):
            item = operators[at]
            if item.name == name and can(graph, operators, at):
                del operators[at]
                ends = (item.output.storage, item.operand(0).storage)
                value, variable = ends if name == "READ_VARIABLE" else ends[::-1]
                operators = [_moved(one, value, variable) for one in operators]
            else:
                at += 1
    return replace(graph, operators=tuple(operators))


def _can_read(graph: Graph, operators: Sequence[Operator], at: int) -> bool:
    place, read = operators[at].operand(0).storage, operators[at].output.storage
    assigned = [i for i, one in enumerate(operators) if one.output.storage == place and i > at]
    used = [i for i, one in enumerate(operators) if read in _storages(one)]
    return read not in _results(graph) and max(used, default=-1) < min(assigned, default=_NEVER)


def _can_assign(graph: Graph, operators: Sequence[Operator], at: int) -> bool:
    value, place = operators[at].operand(0), operators[at].output.storage
    made = [i for i, one in enumerate(operators) if one.output.storage == value.storage]
    uses = sum(_storages(one).count(value.storage) for one in operators)
    if len(made) != 1 or uses != 1 or value.storage in _results(graph):
        return False
    between = operators[made[0] : at]
    touched = any(place in (*_storages(one), one.output.storage) for one in between)
    return not _is_variable(graph, value) and not touched


def _results(graph: Graph) -> set[int]:
    return {tensor.storage for tensor in graph.outputs}


def _is_variable(graph: Graph, tensor: Tensor) -> bool:
    return any(variable.tensor.storage == tensor.storage for variable in graph.variables)


def _storages(operator: Operator) -> list[int]:
    return [tensor.storage for tensor in operator.inputs if tensor is not None]


def _moved(operator: Operator, storage: int, to: int) -> Operator:
    def move(tensor: Tensor) -> Tensor:
        return replace(tensor, storage=to) if tensor.storage == storage else tensor

    inputs = tuple(None if tensor is None else move(tensor) for tensor in operator.inputs)
    return replace(operator, inputs=inputs, output=move(operator.output))
