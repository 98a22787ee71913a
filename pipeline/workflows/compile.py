"""`gesture compile`: a model of any program to C that is proven equal to TensorFlow Lite Micro."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.compiler.ends import End
from pipeline.compiler.interface import Interface, conversion_bytes
from pipeline.config.budget import Budget, load_budget
from pipeline.conversion.int8_inside import with_int8_ends
from pipeline.conversion.model_file import flatbuffer_in, is_keras, read_bytes, require_quantizable
from pipeline.conversion.model_vectors import (
    Call,
    InputKind,
    Values,
    arrays_of,
    calls_of_stream,
    calls_of_windows,
    fitting_vectors,
    golden_bytes,
    load_calibration,
    make_vectors_for_all,
    stream_windows,
)
from pipeline.conversion.oracle import run_oracle_on_all
from pipeline.conversion.quantize import quantize
from pipeline.conversion.space_to_batch import with_sound_batches
from pipeline.core.artifacts import Float32
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import require_room, writing
from pipeline.core.locks import whole_folder
from pipeline.core.progress import OnStep
from pipeline.core.project import PROJECT
from pipeline.deployment.model_export import ModelExport
from pipeline.deployment.model_proof import (
    Proof,
    missing_for_board,
    prove_here,
    prove_on_board,
)
from pipeline.workflows.compile_notes import (
    few_answers,
    few_inputs,
    nothing_stripped,
    other_name,
)
from pipeline.workflows.compiled_model import (
    CompiledModel,
    budget_lines,
    end_said,
    readme_facts,
    template_lines,
)
from pipeline.workflows.engine_choice import choose_engine

Engine = Literal["auto", "fast", "compact"]
VECTORS = 200
FEWEST_VECTORS = 24
MOST_INSTRUCTIONS = 8e9  # of all calls of a proof on the virtual board: a minute
MOST_GOLDEN_BYTES = 7 << 20  # of ours, and of the user's: the virtual board has 16 MB for them
CALIBRATION = "calibration.npz"
LONGEST_NAME = 60  # of a model: files and all C names have it in theirs


@dataclass(frozen=True)
class Request:
    """What `gesture compile` is asked for.

    Args:
        calibrate: inputs to quantize a Keras model with.
        vectors: inputs of the user to prove the C on, too.
        budget: a file of limits.
        hop: in samples, for a network that is to stream.
        strip_ends: whether the application converts floats and uint8 itself.
        count: how many vectors are made; None for VECTORS, or fewer where the model is large.
    """

    model: Path
    folder: Path
    calibrate: Path | None = None
    vectors: Path | None = None
    budget: Path | None = None
    engine: Engine = "auto"
    hop: int | None = None
    strip_ends: bool = False
    count: int | None = None


def compile_model(request: Request, on_step: OnStep) -> CompiledModel:
    """Compile a model into a new folder, completely or not at all.

    Raises:
        PipelineError: USAGE if the folder exists; MISMATCH if the C is not equal to TensorFlow Lite
            Micro; FAILED with all that cannot be compiled of the model.
    """
    _require_new(request.folder)
    budget = Budget() if request.budget is None else load_budget(request.budget).without_hop
    content = read_bytes(request.model)
    vectors = None if request.vectors is None else arrays_of(request.vectors)
    require_room(request.folder.absolute().parent)
    with (
        _log(c_name(request.model)) as log,
        writing(request.folder),
        whole_folder(request.folder, "compile") as folder,
    ):
        flatbuffer, notes = _flatbuffer(request, content, folder, log, on_step)
        on_step("compiling to C")
        compilation = _Compilation(request, budget, flatbuffer, vectors, folder, log, on_step)
        result = compilation.run()
        return replace(result, notes=(*notes, *result.notes))


def _require_new(folder: Path) -> None:
    if folder.exists():
        raise UsageError(
            f"{folder} exists already.",
            "compiled models need a new folder, and files are never overwritten",
            "name a folder that does not exist",
        )


@contextmanager
def _log(name: str) -> Iterator[Path]:
    """A file for what TensorFlow prints, and its folder; they stay where an error names the file.

    Two commands have two folders: the reference of each runs in a draft beside its log.
    """
    with writing(Path("a temporary folder")):
        folder = Path(tempfile.mkdtemp(prefix="gesture-compile-"))
    log, is_named = folder / f"{name}.log", False
    try:
        yield log
    except PipelineError as error:
        is_named = str(log) in str(error)
        raise
    finally:
        if not is_named:
            shutil.rmtree(folder, ignore_errors=True)


def _flatbuffer(
    request: Request, content: bytes, folder: Path, log: Path, on_step: OnStep
) -> tuple[bytes, list[str]]:
    """The model to compile, and notes."""
    notes: list[str] = []
    if not is_keras(content):
        if request.calibrate is not None:
            raise UsageError(
                f"{request.model} is no Keras model, and only those are quantized.",
                "possibly the file is damaged, or it is quantized already",
                "save the model again in Keras, or leave --calibrate out for a .tflite",
            )
        flatbuffer = flatbuffer_in(request.model, content)
    else:
        on_step("quantizing to int8")
        require_quantizable(request.model, content)
        inputs = _calibration(request)
        notes += few_inputs(inputs)
        flatbuffer = _quantized(request, inputs, folder, log)
    if request.strip_ends:
        ends = compile_network(flatbuffer).ends
        flatbuffer = with_int8_ends(flatbuffer, *ends.inside_by_outside())
        notes += nothing_stripped(ends)
    return flatbuffer, notes


def _calibration(request: Request) -> dict[str, Float32]:
    if request.calibrate is None:
        raise UsageError(
            f"{request.model} is a Keras model, and there is no --calibrate.",
            "its numbers become int8 by what real inputs are like",
            f"save some hundred inputs with `np.savez('{CALIBRATION}', inputs=array)`, then add "
            f"`--calibrate {CALIBRATION}`",
        )
    return load_calibration(request.calibrate)


def _quantized(request: Request, inputs: Mapping[str, Float32], folder: Path, log: Path) -> bytes:
    converted = folder.parent / "model.tflite"
    hint = (
        f"possibly the arrays of {request.calibrate} are not those of the model's inputs, the "
        "model file is damaged, or TensorFlow's converter cannot quantize one of its layers"
    )
    quantize(request.model, inputs, converted, log, hint=hint)
    return converted.read_bytes()


@dataclass(frozen=True)
class _Compilation:
    request: Request
    budget: Budget
    flatbuffer: bytes
    vectors: Mapping[str, Values] | None
    folder: Path
    log: Path
    on_step: OnStep

    def run(self) -> CompiledModel:
        network, engine = self._within_budget()
        interface = interface_of(network, c_name(self.request.model))
        network = replace(network, cost=_with_ends(network.cost, interface))
        given = self._given(network)
        self.on_step("computing the outputs of TensorFlow Lite Micro")
        calls = self._calls(network, given)
        export = self._export(network, interface, calls)
        _write(self.folder, export.code())
        proofs, not_proven = self._prove(_compared(calls), network.cost)
        cost = _with_stack(network.cost, proofs)
        self.budget.require_fit(cost)
        result = CompiledModel(
            folder=self.request.folder,
            name=interface.name,
            inputs=tuple(map(end_said, interface.inputs)),
            outputs=tuple(map(end_said, interface.outputs)),
            engine=engine,
            feed=network.feed,
            window=_samples(network),
            vectors=_compared(calls),
            proofs=proofs,
            not_proven=not_proven,
            notes=(*other_name(self.request.model.stem, interface.name), *few_answers(calls)),
            keeps_state=interface.keeps_state,
            cost=cost,
            budget=tuple(budget_lines(self.budget, cost)),
            files=(),
        )
        facts = readme_facts(self.request.model.name, result, interface)
        _write(self.folder, replace(export, cost=cost, facts=facts).texts())
        return replace(result, files=_files_in(self.folder))

    def _export(
        self, network: CompiledNetwork, interface: Interface, calls: Sequence[Call]
    ) -> ModelExport:
        return ModelExport(
            name=interface.name,
            interface=interface.sources(),
            lines=template_lines(interface),
            network=network.sources,
            golden=golden_bytes(calls, [_bytes_of(end) for end in interface.ends.outputs]),
            cost=network.cost,
            facts={},
            project=PROJECT,
        )

    def _within_budget(self) -> tuple[CompiledNetwork, str]:
        """Compile with the engine that was asked for."""
        asked = self.request.engine
        if asked == "auto":
            fast, compact = self._compiled(compact=False), self._compiled(compact=True)
            return choose_engine(fast, compact, self.budget)
        network = self._compiled(asked == "compact")
        self.budget.require_fit(network.cost)
        return network, asked

    def _compiled(self, compact: bool) -> CompiledNetwork:
        network = compile_network(self.flatbuffer, compact=compact, hop=self.request.hop)
        if network.recurrence is not None:
            raise UsageError(
                f"{self.request.model} is one step of a recurrent network of `gesture convert`.",
                "its cells have a reference of their own, which needs the run",
                "pack the run: `gesture export RUN FOLDER`",
            )
        self._require_hop(network)
        return network

    def _require_hop(self, network: CompiledNetwork) -> None:
        hop, window = self.request.hop, _samples(network)
        if hop is None:
            return
        if network.obstacle is not None:
            raise UsageError(
                f"{self.request.model} cannot take {hop} samples at a time.",
                network.obstacle,
                "leave --hop out: a call then takes all of its input",
            )
        if hop > window:
            raise UsageError(
                f"{self.request.model} cannot take {hop} samples at a time.",
                f"its input has {window} of them",
                f"name a --hop of 1 to {window}",
            )

    def _given(self, network: CompiledNetwork) -> list[Values]:
        """The user's vectors, for each input of the network; none without any."""
        if self.vectors is None or self.request.vectors is None:
            return [np.empty((0, kind.elements), kind.dtype) for kind in _kinds(network).values()]
        given = fitting_vectors(self.request.vectors, self.vectors, _kinds(network))
        self._require_room(network, len(given[0]))
        return given

    def _calls(self, network: CompiledNetwork, given: Sequence[Values]) -> list[Call]:
        samples = _samples(network)
        per_window = -(-samples // network.feed)
        count = self._count(network)
        made = make_vectors_for_all(list(_kinds(network).values()), max(2, count // per_window))
        inputs = [np.concatenate(pair) for pair in zip(made, given, strict=True)]
        if network.feed == samples:
            return calls_of_windows(inputs, self._reference(inputs, network.keeps_state))
        hops, windows = stream_windows(inputs[0], samples, network.feed)
        return calls_of_stream(hops, self._reference([windows])[0])

    def _count(self, network: CompiledNetwork) -> int:
        """How many calls are proven, fewer where each is large; as many as the board has room."""
        by_room = max(1, MOST_GOLDEN_BYTES // _bytes_of_call(network))
        by_time = int(MOST_INSTRUCTIONS // max(1, network.cost.instructions))
        usual = min(VECTORS, max(FEWEST_VECTORS, by_time))
        return min(by_room, usual if self.request.count is None else self.request.count)

    def _require_room(self, network: CompiledNetwork, vectors: int) -> None:
        most = MOST_GOLDEN_BYTES // _bytes_of_call(network)
        if vectors > most:
            raise UsageError(
                f"{self.request.vectors} holds more vectors than the proof has room for.",
                f"{most} of this model's inputs are the most",
                "leave some out",
            )

    def _reference(
        self, inputs: Sequence[NDArray[Any]], keeps_state: bool = False
    ) -> list[NDArray[Any]]:
        file = self.folder.parent / "reference.tflite"
        file.write_bytes(with_sound_batches(self.flatbuffer))
        return run_oracle_on_all(file, inputs, self.log, keeps_state=keeps_state)

    def _prove(self, compared: int, cost: NetworkCost) -> tuple[tuple[Proof, ...], str]:
        self.on_step(f"comparing {compared} vectors on this computer, byte for byte")
        proofs = [prove_here(self.folder)]
        missing = missing_for_board(cost)
        if missing:
            return tuple(proofs), f"on a virtual board: {missing}"
        self.on_step("comparing them on a virtual Cortex-M4F")
        return (*proofs, prove_on_board(self.folder)), ""


def _compared(calls: Sequence[Call]) -> int:
    return sum(call.expected is not None for call in calls)


def interface_of(network: CompiledNetwork, name: str) -> Interface:
    """What an application sees of a network."""
    samples = _samples(network)
    keeps_state = network.keeps_state or network.feed != samples
    return Interface(name, network.ends, network.feed, samples, keeps_state)


def _kinds(network: CompiledNetwork) -> dict[str, InputKind]:
    """By the names of the inputs; by their numbers where a file calls two the same."""
    ends = network.ends.inputs
    names = [end.name for end in ends]
    if len(set(names)) < len(names):
        names = [f"input_{number}" for number in range(len(names))]
    return dict(zip(names, map(input_kind, ends), strict=True))


def input_kind(end: End) -> InputKind:
    """What a model takes."""
    outside = end.outside
    dtype = np.dtype(outside.dtype.lower())
    scaled = end.inside if dtype == np.float32 else outside
    return InputKind(
        outside.shape, dtype, scaled.scale, scaled.zero_point, end.inside.dtype.lower()
    )


def _samples(network: CompiledNetwork) -> int:
    return next((size for size in network.input_shape if size > 1), 1)


def _bytes_of(end: End) -> int:
    return end.outside.elements * np.dtype(end.outside.dtype.lower()).itemsize


def _bytes_of_call(network: CompiledNetwork) -> int:
    """In golden.bin."""
    ends = (*network.ends.inputs, *network.ends.outputs)
    return sum(_bytes_of(end) + 4 for end in ends) + 4


def _with_ends(cost: NetworkCost, interface: Interface) -> NetworkCost:
    return replace(cost, ram_bytes=cost.ram_bytes + conversion_bytes(interface))


def _with_stack(cost: NetworkCost, proofs: Sequence[Proof]) -> NetworkCost:
    """Not less stack than was measured: the estimate has none of kernels in every shape."""
    measured = [proof.stack_bytes or 0 for proof in proofs]
    return replace(cost, stack_bytes=max(cost.stack_bytes, *measured))


def c_name(model: Path) -> str:
    """A C identifier that no other header has: `model_` and the file's name."""
    stem = re.sub(r"\W+", "_", model.stem, flags=re.ASCII).lower()[:LONGEST_NAME].strip("_")
    return "model" if stem in ("", "model") else f"model_{stem.removeprefix('model_')}"


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _files_in(folder: Path) -> tuple[str, ...]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(str(path.relative_to(folder)) for path in files))
