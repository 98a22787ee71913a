"""`gesture convert`: a trained network to int8 and to C that is verified equal to its reference."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler import CompiledNetwork
from pipeline.config.budget import Budget, load_budget
from pipeline.conversion import golden, quantize, step
from pipeline.conversion.c_source import c_array
from pipeline.conversion.golden import to_int8
from pipeline.conversion.supported import require_supported
from pipeline.conversion.text_source import TextTable, text_source
from pipeline.core.artifacts import Figure, Float32, GoldenVectors, Int8
from pipeline.core.centres import Centres
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP, Contract, DecisionPolicy
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import UsageError
from pipeline.core.files import atomic_write, save_arrays, save_text_files
from pipeline.core.forecasts import forecast_scores
from pipeline.core.pairs import Pair
from pipeline.core.progress import OnStep
from pipeline.core.run_folder import RunFolder, announce, note
from pipeline.core.sketches import mixture_values, steps_before
from pipeline.reports.facts import Headline
from pipeline.training.fit import quiet_keras
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.training.metrics import EventScore, score_events
from pipeline.training.sketch_task import nats_of_outputs
from pipeline.training.text_task import log_softmax
from pipeline.training.translation_metrics import score_translations
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows import decision, generated
from pipeline.workflows.board_obstacles import (
    require_quick_encoder,
    require_run_of_boards,
)
from pipeline.workflows.generated import CalibrationData, calibration_data
from pipeline.workflows.report import write_report
from pipeline.workflows.run_facts import (
    background_note,
    load_float_forecasts,
    load_windows,
    window_arrays,
)
from pipeline.workflows.runs import locked_run, require_space


@dataclass(frozen=True)
class Converted:
    """The result of `gesture convert`.

    Args:
        vectors: how many were compared byte for byte with the reference.
        test_windows: how many windows or texts `int8_accuracy` is of.
        occasion: when the network runs, in words.
        obstacle: why the network does not stream; None where it does.
        variant: `fast`, or `compact` and the reason.
        array: the flatbuffer as a C array, for an interpreter.
        note: what the model will not do well; empty where nothing is known.
        headline: of gestures, what a user will feel.
    """

    run: Path
    contract_hash: str
    vectors: int
    reference: str
    int8_accuracy: float | None
    test_windows: int
    flatbuffer_bytes: int
    occasion: str
    obstacle: str | None
    variant: str
    cost: NetworkCost
    decided: DecisionResult | None
    figures: tuple[Figure, ...]
    array: Path
    sources: Path
    note: str = ""
    headline: Headline | None = None


def convert(path: Path, budget_file: Path | None, on_step: OnStep) -> Converted:
    """Quantize a run, compile it to C, and verify that the C equals its reference.

    The files of the run change only after that.
    """
    if path.is_file():
        raise UsageError(
            f"{path} is a file, and a run folder is converted.",
            "possibly it is a model that was trained elsewhere",
            f"compile a .tflite or a Keras file to C: `gesture compile {path} FOLDER`",
        )
    with locked_run(path, "convert") as run:
        require_space(run)
        return convert_locked(run, budget_file, on_step)


def convert_locked(run: RunFolder, budget_file: Path | None, on_step: OnStep) -> Converted:
    """As `convert`, for a run that this process has locked."""
    require_run_of_boards(run)
    budget = Budget() if budget_file is None else load_budget(budget_file)
    compiled, result = _tested(run.tested, budget, on_step)
    if run.tested != run:
        on_step("the model that was tested is converted; next the one for the board")
        compiled, contract = _deployed(run, budget, on_step, result.contract.policy)
        result = replace(result, contract=contract)
    page = write_report(run)
    return Converted(
        run=run.path,
        contract_hash=result.contract.hash(),
        vectors=len(compiled.vectors.inputs),
        reference=generated.reference_name(compiled.network),
        int8_accuracy=result.int8_accuracy,
        test_windows=result.windows,
        flatbuffer_bytes=run.flatbuffer_file.stat().st_size,
        occasion=result.contract.occasion,
        obstacle=compiled.network.obstacle,
        variant=compiled.variant,
        cost=compiled.network.cost,
        decided=result.decided,
        figures=result.figures,
        array=run.array_file,
        sources=run.sources,
        note="" if result.decided is None else background_note(run, result.decided.rest),
        headline=page.headline,
    )


def _tested(run: RunFolder, budget: Budget, on_step: OnStep) -> tuple[_Compiled, TaskResult]:
    """Convert a model, and evaluate its C on the test part that it has not seen."""
    compiled, verified = _verified_network(run, budget, on_step)
    result = EVALUATE_TASK[verified.contract.task](verified)
    _save(compiled, verified, result.contract)
    return compiled, result


def _deployed(
    run: RunFolder, budget: Budget, on_step: OnStep, policy: DecisionPolicy
) -> tuple[_Compiled, Contract]:
    """Convert a model that was trained on all recordings, with the policy of the tested one."""
    compiled, verified = _verified_network(run, budget, on_step)
    contract = verified.contract.model_copy(update={"decision": policy})
    _save(compiled, verified, contract)
    return compiled, contract


@dataclass(frozen=True)
class _Compiled:
    """A compiled network with its golden vectors, and the CRC of the self-test's outputs."""

    network: CompiledNetwork
    variant: str
    vectors: GoldenVectors
    crc: int
    table: TextTable | None
    centres: Centres | None
    encoder: dict[str, str]

    def save_sources(self, folder: Path, contract: Contract) -> None:
        text = {} if self.table is None else text_source(contract, self.table)
        constants = generated.constants_source(contract, self.crc, self.network, self.centres)
        save_text_files(folder, {**self.network.sources, **self.encoder, **constants, **text})


def _verified_network(
    run: RunFolder, budget: Budget, on_step: OnStep
) -> tuple[_Compiled, VerifiedRun]:
    """Quantize, compile to C and compare with the reference; all files go to a draft."""
    keras_file, trained = run.require(run.keras_file, "train"), run.contract()
    if trained.encoder is None:
        require_supported(keras_file)
    windows = load_windows(run.tested, window_arrays(trained.task))
    windows |= load_windows(run, {"calibration"})
    draft = RunFolder(run.build / "converted")
    shutil.rmtree(draft.path, ignore_errors=True)
    log = run.build / "convert.log"
    on_step("quantizing to int8")
    data = calibration_data(run, trained, windows, draft.path, log)
    write_flatbuffer(data.keras_file, data.calibration, draft.flatbuffer_file, log)
    encoder = _converted_encoder(data, trained, draft, log)
    on_step("compiling to C")
    flatbuffer = draft.flatbuffer_file.read_bytes()
    network, variant = _compile_within_budget(run, flatbuffer, trained, budget, data, encoder)
    contract = trained.converted(network.quantization, flatbuffer, network.obstacle is None)
    if encoder is not None:
        contract = _with_encoder(contract, encoder, draft)
    contract = contract.model_copy(update={"mixture": data.mixture})
    on_step("computing the outputs of the reference")
    answer = generated.reference_outputs(draft.flatbuffer_file, network, log)
    vectors, crc = golden.make_golden(answer, network.quantization, data.test)
    centres = generated.centres_of(run, contract, network)
    table = data.table(contract)
    encoder_texts = {} if encoder is None else generated.encoder_sources(encoder)
    compiled = _Compiled(network, variant, vectors, crc, table, centres, encoder_texts)
    compiled.save_sources(draft.sources, contract)
    on_step(f"comparing {len(vectors.inputs)} vectors, byte for byte")
    twin = Twin(draft.sources, run.build)
    golden.compare_outputs(vectors, twin.invoke(vectors.inputs), "the compiled C")
    return compiled, VerifiedRun(run, draft, contract, twin, windows, table, on_step)


def _converted_encoder(
    data: CalibrationData, trained: Contract, draft: RunFolder, log: Path
) -> CompiledNetwork | None:
    """The compiled encoder; its flatbuffer goes to the draft. None of a task without one."""
    if data.encoder is None:
        return None
    write_flatbuffer(data.encoder.keras_file, data.encoder.calibration, draft.encoder_file, log)
    network = generated.compiled_encoder(draft.encoder_file.read_bytes(), trained)
    require_quick_encoder(network.cost)
    return network


def _with_encoder(contract: Contract, network: CompiledNetwork, draft: RunFolder) -> Contract:
    assert contract.encoder is not None  # a network for it was converted
    flatbuffer = draft.encoder_file.read_bytes()
    encoder = contract.encoder.converted(network.quantization, flatbuffer, network.feed)
    return contract.model_copy(update={"encoder": encoder})


def _save(compiled: _Compiled, verified: VerifiedRun, contract: Contract) -> None:
    """Save all artifacts; `contract` is the final one of the task."""
    run, draft = verified.run, verified.draft
    compiled.save_sources(draft.sources, contract)
    if compiled.table is not None:
        encoder = compiled.table.encoder
        more = {} if encoder is None else {"encoder_rows": encoder}
        save_arrays(draft.embedding_file, rows=compiled.table.embedding, **more)
    compiled.vectors.save(draft.golden_file)
    compiled.network.cost.save(draft.cost_file)
    write_sequence_flatbuffer(run, verified.windows["calibration"], draft.sequence_file)
    _publish(run, draft, contract)


def _compile_within_budget(
    run: RunFolder,
    flatbuffer: bytes,
    contract: Contract,
    budget: Budget,
    data: CalibrationData,
    encoder: CompiledNetwork | None,
) -> tuple[CompiledNetwork, str]:
    """The fast network, or the compact one where only that fits; and the variant in words."""
    budget = budget.at(contract.rate_hz / contract.hop)

    def compile_variant(compact: bool = False) -> CompiledNetwork:
        has_centres = run.embedding_features_file.is_file()
        network = generated.compiled(flatbuffer, contract, compact, has_centres)
        centres = generated.centres_of(run, contract, network)
        cost = network.cost.with_text(data.text_bytes)
        if encoder is not None:
            own = sum(encoder.symbols[name] for name in encoder.symbols.keys() - network.symbols)
            cost = cost.with_encoder(encoder.cost, own, _kept_bytes(contract, encoder))
        return replace(network, cost=cost.with_centres(centres.flash_bytes if centres else 0))

    fast = compile_variant()
    overruns = budget.overruns(fast.cost)
    if not overruns:
        return fast, "fast"
    compact = compile_variant(compact=True)
    if budget.overruns(compact.cost):
        budget.require_fit(fast.cost)
    return compact, f"compact: the fast one would take {', '.join(overruns.values())}"


def _kept_bytes(contract: Contract, encoder: CompiledNetwork) -> int:
    """RAM for the samples that an encoder reads, but for those that it is given at a time."""
    kept = contract.samples.window - encoder.feed if contract.reads_samples else 0
    return kept * len(contract.samples.channels)


def _publish(run: RunFolder, draft: RunFolder, contract: Contract) -> None:
    """Move the files of the draft into the run, and remove older ones.

    The contract is written last. A run without a converted contract counts as not converted.
    """
    unconverted = contract.unconverted()
    announce(run, unconverted.file_text, contract.file_text)
    unconverted.save(run.contract_file)
    flatbuffer = draft.flatbuffer_file.read_bytes()
    with atomic_write(run.flatbuffer_file) as unfinished:
        unfinished.write_bytes(flatbuffer)
    save_text_files(run.path, c_array(flatbuffer))
    texts = {source.name: source.read_text("utf-8") for source in draft.sources.iterdir()}
    save_text_files(run.sources, texts)
    _remove_others(run.sources, texts)
    for file in (
        *(draft.golden_file, draft.scores_file, draft.cost_file, draft.events_file),
        *(draft.embedding_file, draft.sequence_file, draft.encoder_file),
    ):
        _publish_file(file, run.path / file.name)
    contract.save(run.contract_file)
    note(run, "convert")
    generated.note_generated(run)


def _remove_others(folder: Path, names: Container[str]) -> None:
    """Remove all other files from the folder of generated C: they would be compiled too."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in names:
            path.unlink()


def _publish_file(draft: Path, place: Path) -> None:
    if not draft.is_file():
        place.unlink(missing_ok=True)
        return
    with atomic_write(place) as unfinished:
        unfinished.write_bytes(draft.read_bytes())


def write_flatbuffer(keras_file: Path, windows: Float32, flatbuffer: Path, log: Path) -> None:
    """Write the int8 flatbuffer of a network, or of one step of a recurrent network.

    windows: calibration data, float32 [n, T, C], scaled.
    """
    make = step.export_step if step.is_recurrent(keras_file) else quantize.quantize
    make(keras_file, windows, flatbuffer, log)


def write_sequence_flatbuffer(run: RunFolder, windows: Float32, sequence_file: Path) -> None:
    """Write a network of LSTMs over windows with the LSTM operator of TensorFlow Lite.

    Nothing is written for other networks, for networks that run on a stream, and for text, whose
    embedding would be missing.
    """
    contract = run.contract()
    takes_windows = contract.mode == "window" and contract.vocabulary is None
    if takes_windows and step.is_of_lstms(run.keras_file):
        log = run.build / "sequence.log"
        step.export_sequence(run.keras_file, windows, sequence_file, log)


@dataclass(frozen=True)
class VerifiedRun:
    """A network whose C equals its reference.

    Args:
        draft: the folder of the artifacts until all of them are complete.
        contract: with quantization, without a decision policy.
        twin: the compiled C on this computer.
        windows: of windows.npz.
        table: of a text model; else None.
    """

    run: RunFolder
    draft: RunFolder
    contract: Contract
    twin: Twin
    windows: dict[str, NDArray[Any]]
    table: TextTable | None
    on_step: Callable[[str], None]


@dataclass(frozen=True)
class DecisionResult:
    """A decision policy and its events.

    Args:
        how: how it was chosen, for people.
        cost: what the limit of false alarms costs, on validation data; empty where not tried.
        shortfall: a sentence where the limit is not met there; else empty.
        events: on the test part.
        rest: on recorded rest.
        unknown: on synthetic negatives.
        everyday: on everyday motion.
    """

    policy: DecisionPolicy
    how: str
    cost: str
    shortfall: str
    events: EventScore
    rest: EventScore
    unknown: EventScore
    everyday: EventScore


@dataclass(frozen=True)
class TaskResult:
    """The compiled C on the test part."""

    contract: Contract
    int8_accuracy: float | None = None
    windows: int = 0
    decided: DecisionResult | None = None
    figures: tuple[Figure, ...] = ()


def evaluate_gestures(verified: VerifiedRun) -> TaskResult:
    """Tune the decision policy on validation data, and match its events of the test part."""
    run, draft, twin = verified.run, verified.draft, verified.twin
    scores = _test_scores(verified.contract, verified.windows, twin)
    verified.on_step("choosing the decision policy on validation data")
    choice = decision.tune(run, twin)
    verified.on_step("matching the events of the test part")
    events = decision.match_test_events(run, twin, choice, draft.events_file)
    found = map(score_events, (events.gestures, events.rest, events.unknown, events.everyday))
    decided = DecisionResult(choice.policy, choice.how, choice.cost, choice.shortfall, *found)
    scores.save(draft.scores_file)
    contract = verified.contract.model_copy(update={"decision": choice.policy})
    return TaskResult(contract, scores.int8_accuracy, len(scores.targets), decided)


def _test_scores(contract: Contract, windows: dict[str, NDArray[Any]], twin: Twin) -> HeldOutScores:
    return HeldOutScores(
        labels=contract.labels,
        names=tuple(windows["test_names"].tolist()),
        targets=windows["test_targets"],
        float_scores=windows["test_scores"],
        int8_scores=_int8_scores(contract, windows, twin),
    )


def _int8_scores(contract: Contract, windows: dict[str, NDArray[Any]], twin: Twin) -> Int8:
    """Scores of the test windows, each alone or at its end in a stream: int8 [n, classes]."""
    if contract.quantization is None:
        raise ValueError("the contract has no quantization yet")
    if contract.mode == "window":
        test = to_int8(windows["test"], contract.quantization)
        return twin.invoke(test.reshape(len(test), -1))
    inputs = to_int8(windows["stream_inputs"], contract.quantization)  # [n, T, C]
    begins = np.flatnonzero(windows["stream_begins"])
    streams = np.split(inputs, begins[1:])
    outputs = [twin.stream(stream.reshape(-1, stream.shape[2])) for stream in streams]
    scores = np.concatenate(outputs).reshape(len(inputs), inputs.shape[1] // twin.feed, -1)
    rows, hops = windows["stream_places"].T
    chosen: Int8 = scores[rows, hops]
    return chosen


def evaluate_sentiment(verified: VerifiedRun) -> TaskResult:
    """Classify the texts of the test part."""
    verified.on_step("classifying the texts of the test part")
    windows = verified.windows
    inputs = TextTwin(verified.twin).embed(windows["test"])  # int8 [n, T, channels]
    scores = HeldOutScores(
        labels=verified.contract.labels,
        names=(),
        targets=windows["test_targets"],
        float_scores=windows["test_scores"],
        int8_scores=verified.twin.invoke(inputs.reshape(len(inputs), -1)),
    )
    scores.save(verified.draft.scores_file)
    return TaskResult(verified.contract, scores.int8_accuracy, len(scores.targets))


def evaluate_generation(verified: VerifiedRun) -> TaskResult:
    """Measure the loss on the text of the test part, read as one stream."""
    verified.on_step("reading the text of the test part")
    quantization = verified.contract.quantization
    assert quantization is not None  # it has been verified
    tokens, targets = (verified.windows[name].ravel() for name in ("test", "test_targets"))
    logits = verified.twin.stream(TextTwin(verified.twin).embed(tokens))  # int8 [n, vocabulary]
    scaled = logits.astype(np.float32) * np.float32(quantization.output_scale)
    likelihoods = log_softmax(scaled)[np.arange(len(targets)), targets].astype(np.float32)
    save_arrays(verified.draft.scores_file, likelihoods=likelihoods)
    loss = Figure("int8 loss", -float(likelihoods.mean()), "nats a character")
    return TaskResult(verified.contract, figures=(loss,))


def evaluate_forecasts(verified: VerifiedRun) -> TaskResult:
    """Forecast the test part row by row, as a board does."""
    from pipeline.training.forecast_task import error_figures

    verified.on_step("forecasting the test part")
    dataset = load_float_forecasts(verified.run).dataset
    test = dataset.origins["test"]
    forecasts = verified.twin.forecast(dataset.rows)[test - dataset.window + 1]
    save_arrays(verified.draft.scores_file, thousandths=forecasts)
    scores = forecast_scores(dataset, test, forecasts / UNITS_PER_SAMPLE_STEP)
    return TaskResult(verified.contract, figures=error_figures(scores))


def evaluate_pairs(verified: VerifiedRun) -> TaskResult:
    """Write of the test part what a board would, and compare the contexts of some of it."""
    pairs = [Pair(*texts) for texts in verified.windows["test_texts"].tolist()]
    twin, read = TextTwin(verified.twin), _read(verified, pairs)
    verified.on_step("comparing contexts with the reference of the encoder")
    _compare_contexts(verified, twin, read[:CONTEXTS])
    verified.on_step(f"writing {len(pairs)} texts of the test part")
    written = [twin.translate(one, 0.0, 1) for one in read]
    score = score_translations(pairs, written)
    save_arrays(verified.draft.scores_file, right=np.array(score.right))
    exact = Figure("int8 exact match", score.exact, "of the texts")
    bleu = () if score.bleu is None else (Figure("int8 BLEU", score.bleu, ""),)
    return TaskResult(verified.contract, figures=(exact, *bleu))


CONTEXTS = 200  # of the test part


def _read(verified: VerifiedRun, pairs: Sequence[Pair]) -> Sequence[str | Int8]:
    """What the encoder of a board reads: texts, or windows int8 [samples, channels]."""
    encoder = verified.contract.encoder
    assert encoder is not None  # the task has one
    if encoder.samples is None:
        return [pair.source for pair in pairs]
    assert encoder.quantization is not None  # it was converted
    return list(to_int8(verified.windows["test"], encoder.quantization))


def _compare_contexts(verified: VerifiedRun, twin: TextTwin, read: Sequence[str | Int8]) -> None:
    """MISMATCH where what the C makes of a text or window is not what the reference does."""
    inputs = [_rows_of(one, verified, twin) for one in read]
    log = verified.run.build / "convert.log"
    file = verified.draft.encoder_file
    expected = generated.reference_contexts(verified.contract, file, inputs, log)
    contexts = np.stack([twin.context(one) for one in read])
    golden.compare_outputs(GoldenVectors(contexts, expected), contexts, "the compiled encoder")


def _rows_of(read: str | Int8, verified: VerifiedRun, twin: TextTwin) -> Int8:
    """What the encoder is given of a text or window: int8 [n, channels]."""
    if not isinstance(read, str):
        return read
    assert verified.table is not None  # a model of text has one
    rows = verified.table.encoder
    assert rows is not None  # that of a translation has rows for its encoder
    found: Int8 = rows[twin.tokens(read)]
    return found


def evaluate_drawings(verified: VerifiedRun) -> TaskResult:
    """Measure how unlikely the drawings of the test part are, step by step."""
    quiet_keras(1)  # its operations compute the likelihoods
    verified.on_step("reading the drawings of the test part")
    contract = verified.contract
    assert contract.quantization is not None  # it has been verified
    assert contract.mixture is not None  # the task has one
    steps = verified.windows["test"]
    inputs = to_int8(steps_before(steps), contract.quantization)
    outputs = np.stack([verified.twin.stream(drawing) for drawing in inputs])
    values = mixture_values(outputs, contract)
    nats = nats_of_outputs([(steps, values)], contract.mixture.count)
    save_arrays(verified.draft.scores_file, nats_a_point=np.array(nats))
    figure = Figure("int8 negative log-likelihood", nats, "nats a point")
    return TaskResult(contract, figures=(figure,))


# By task.
EVALUATE_TASK: Mapping[str, Callable[[VerifiedRun], TaskResult]] = {
    "gesture": evaluate_gestures,
    "sentiment": evaluate_sentiment,
    "generation": evaluate_generation,
    "forecast": evaluate_forecasts,
    "translation": evaluate_pairs,
    "caption": evaluate_pairs,
    "sketch": evaluate_drawings,
}
