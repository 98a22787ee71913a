"""What `gesture compile` came to, and how its README.md says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.compiler.interface import Interface, Port, shifted
from pipeline.config.budget import Budget
from pipeline.core.costs import NetworkCost, cycles_of_instructions, seconds_of_cycles
from pipeline.core.plurals import counted
from pipeline.deployment.model_proof import Proof


@dataclass(frozen=True)
class CompiledModel:
    """The result of `gesture compile`.

    Args:
        engine: `fast`, or `compact`, and why.
        feed: samples of one call; window: those that its output is of.
        proofs: all passed.
        not_proven: what was not tried, in words; empty where all was.
        notes: sentences on what may surprise.
        keeps_state: whether an answer depends on earlier calls.
    """

    folder: Path
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    engine: str
    feed: int
    window: int
    vectors: int
    proofs: tuple[Proof, ...]
    not_proven: str
    notes: tuple[str, ...]
    keeps_state: bool
    cost: NetworkCost
    budget: tuple[str, ...]
    files: tuple[str, ...]


def budget_lines(budget: Budget, cost: NetworkCost) -> list[str]:
    """Each limit, with what the network takes of it."""
    return [f"{key} {used:,} of {limit:,}" for key, (used, limit) in budget.used(cost).items()]


def end_said(port: Port) -> str:
    """An input or output in words."""
    outside = port.end.outside
    shape = "x".join(map(str, outside.shape))
    name = "" if port.name in ("input", "output") else f"{port.name}: "
    said = f"{name}{port.elements} {outside.dtype.lower()} ({shape})"
    if outside.dtype == "FLOAT32" or not outside.scales:
        return said
    steps = shifted("value", -outside.zero_point)
    return f"{said}, real = {outside.scale:.9g} * {f'({steps})' if outside.zero_point else steps}"


def readme_facts(source: str, result: CompiledModel, interface: Interface) -> dict[str, object]:
    """The sentences of README.md, by the names in its braces."""
    measured = [proof for proof in result.proofs if proof.instructions is not None]
    cost = result.cost
    return {
        "source": source,
        "summary": f"{counted(len(cost.layers), 'layer')}, {cost.macs:,} multiplications",
        "vectors": result.vectors,
        "buffers": _buffers(result, interface),
        "arguments": interface.arguments,
        "calling": _calling(result),
        "proof": " ".join(_proof_sentences(result)),
        "engine": f"The engine is {result.engine}",
        "measured": "".join(
            f"; {proof.instructions:,} were counted on {proof.place}" for proof in measured
        ),
        "measured_stack": "".join(
            f"; {proof.stack_bytes:,} were used on {proof.place}" for proof in measured
        ),
    }


def _buffers(result: CompiledModel, interface: Interface) -> str:
    said = (*result.inputs, *result.outputs)
    declared = [f"static {interface.declared(port)};" for port in interface.ports]
    width = max(map(len, declared))
    lines = (f"{one:{width}}  /* {two} */" for one, two in zip(declared, said, strict=True))
    return "\n".join(lines)


def template_lines(interface: Interface) -> dict[str, str]:
    """What stands in firmware/export/compiled for all inputs and outputs."""
    prints = (
        f"  for (int i = 0; i < {interface.size(port)}; i++) "
        f'printf("%g\\n", (double){port.name}[i]);'
        for port in interface.outputs
    )
    return {
        "MODEL_BUFFERS;": "\n".join(
            f"static {interface.declared(port)};" for port in interface.ports
        ),
        "MODEL_ARGUMENTS": interface.arguments,
        "MODEL_INPUT_PARTS": _parts(interface.inputs),
        "MODEL_OUTPUT_PARTS": _parts(interface.outputs),
        "MODEL_FIRST_OUTPUT": interface.outputs[0].name,
        "  MODEL_PRINTS;": "\n".join(prints),
    }


def _parts(ports: Sequence[Port]) -> str:
    return ", ".join(f"{{{port.name}, sizeof {port.name}}}" for port in ports)


def _calling(result: CompiledModel) -> str:
    if result.feed < result.window:
        return f"A call takes {streaming_said(result)}. `{result.name}_reset` begins again."
    if result.keeps_state:
        return "The network keeps what it needs of earlier calls, until it is reset."
    return "An answer depends on its own input alone."


def streaming_said(result: CompiledModel) -> str:
    """What a call of a network that streams takes and gives, in words."""
    first = -(-result.window // result.feed)
    return (
        f"the next {result.feed} samples and gives the output of the {result.window} that end with "
        f"them; the first that counts is that of call {first}"
    )


def _proof_sentences(result: CompiledModel) -> list[str]:
    sentences = [
        f"{proof.compared} outputs were compared on {proof.place}, and all are equal to those of "
        "TensorFlow Lite Micro, byte for byte."
        for proof in result.proofs
    ]
    return [*sentences, f"Not proven: {result.not_proven}."] if result.not_proven else sentences


def time_said(cost: NetworkCost) -> str:
    """The time of a call on a real board, in words."""
    bounds = seconds_of_cycles(cycles_of_instructions(cost.instructions)).times(1000)
    said = (f"{ms:.3g}" if ms < 1000 else f"{ms:,.0f}" for ms in (bounds.lower, bounds.upper))
    return f"{' to '.join(said)} ms"
