"""The C of a run must be what this program generates from the run's model, and nothing else.

A run may come from anybody, and its C is compiled and run on this computer. So the C is generated
again from the model and the contract, and a run whose C differs is refused. C that this program
generated on this computer is known by its SHA-256, in the cache, outside the run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.config.gesture_settings import load_gesture_config
from pipeline.conversion.centres_source import centres_source
from pipeline.conversion.contract_source import contract_source
from pipeline.conversion.embedding import split_embedding
from pipeline.conversion.encoder_decoder import split_networks
from pipeline.conversion.golden import to_int8
from pipeline.conversion.mixture_outputs import level_outputs
from pipeline.conversion.oracle import SteppedReference, run_oracle
from pipeline.conversion.step import is_recurrent
from pipeline.conversion.text_source import TextTable, flash_bytes, text_source
from pipeline.core.artifacts import Float32, GestureEmbedding, Int8
from pipeline.core.centres import Centres, quantized_centres
from pipeline.core.contract import (
    MOST_SMOOTHING_WINDOWS,
    Contract,
    Level,
    Mixture,
    fixed_point_context,
)
from pipeline.core.costs import NetworkCost
from pipeline.core.enrolment import LEARNED
from pipeline.core.errors import MismatchError, UsageError
from pipeline.core.files import atomic_write, load_arrays
from pipeline.core.project import PACKAGE, PROJECT, work_folder
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import steps_before
from pipeline.core.tokens import Vocabulary
from pipeline.deployment.firmware_image import FirmwareImage, check_network, ram_map
from pipeline.deployment.platformio import BuiltImage, build_firmware
from pipeline.deployment.verify import compare_hashes, compare_texts, differs, refuse_other_files
from pipeline.twin.library import Twin
from pipeline.workflows.board_obstacles import contract_on_boards

CRC = re.compile(r"\.selftest_crc = 0x([0-9A-F]{4}),")
CODE = ("*.c", "*.h")
CENTRE_THRESHOLD = 0.5  # of a class by its centres: nearer to it than to all others
CENTRE_SMOOTHING_S = 0.3  # less than of a network's scores: far from all centres is background
KNOWN = "generated.sha256"  # in the run's folder of the cache


def run_twin(run: RunFolder) -> Twin:
    """Load the twin of a converted run, after a check of its C."""
    require_generated(run)
    return Twin(run.sources, run.build)


def require_generated(run: RunFolder) -> None:
    """Refuse a run whose C is not, file for file, what its model compiles to.

    C that was generated or checked on this computer before is not generated again.

    Raises:
        PipelineError: MISMATCH; it names the first file that differs.
    """
    contract = contract_on_boards(run)
    if _is_known(run):
        return
    texts = generated_texts(run, contract, _own_crc(run))
    compare_texts(run.sources, texts)
    refuse_other_files(run.sources, texts, CODE)
    note_generated(run)


def note_generated(run: RunFolder) -> None:
    """Note in the cache that this program generated the run's C from the run's model."""
    with atomic_write(run.build / KNOWN) as unfinished:
        unfinished.write_text(_fingerprint(run), "ascii")


def _is_known(run: RunFolder) -> bool:
    file = run.build / KNOWN
    return file.is_file() and file.read_text("ascii") == _fingerprint(run)


def _fingerprint(run: RunFolder) -> str:
    code = sorted(file for pattern in CODE for file in run.sources.rglob(pattern))
    sources = (
        *(run.contract_file, run.config_file, run.flatbuffer_file, run.encoder_file),
        *(run.embedding_file, run.embedding_features_file, run.vocabulary_file),
    )
    lines = [
        f"{_sha256(file)} {str(file.relative_to(run.path))!r}\n"
        for file in (*code, *sources)
        if file.is_file()
    ]
    return hashlib.sha256("".join([_program(), *lines]).encode()).hexdigest()


@cache
def _program() -> str:
    """Another version of this program may generate other C."""
    files = sorted(PACKAGE.rglob("*.py"))
    return hashlib.sha256("".join(map(_sha256, files)).encode()).hexdigest()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def generated_texts(run: RunFolder, contract: Contract, selftest_crc: int) -> dict[str, str]:
    """Generate the C of the run's model and contract: each file's text by its name."""
    network = _network(run, contract, checked_flatbuffer(run, contract))
    encoder = _encoder(run, contract)
    centres = centres_of(run, contract, network)
    try:
        constants = constants_source(contract, selftest_crc, network, centres)
    except (ValueError, ArithmeticError) as error:
        raise MismatchError(
            f"{run.contract_file} cannot be put into C: {error}.",
            "possibly a number in it was edited to an impossible value",
            "train and convert again; generated files are never edited by hand",
        ) from None
    return {**network.sources, **encoder, **constants, **_text(run, contract)}


def _encoder(run: RunFolder, contract: Contract) -> dict[str, str]:
    """The C of an encoder; nothing for tasks without one."""
    if contract.encoder is None:
        return {}
    file = run.require(run.encoder_file, "convert")
    flatbuffer = file.read_bytes()
    _compare(file, flatbuffer, contract.encoder.sha256)
    return encoder_sources(compiled_encoder(flatbuffer, contract))


def constants_source(
    contract: Contract, selftest_crc: int, network: CompiledNetwork, centres: Centres | None
) -> dict[str, str]:
    """All generated C but the network and text, by name."""
    if centres is None:
        return contract_source(contract, selftest_crc)
    return {
        **contract_source(contract, selftest_crc, LEARNED),
        **centres_source(centres, network.features, contract.labels),
    }


def centres_of(run: RunFolder, contract: Contract, network: CompiledNetwork) -> Centres | None:
    """The centres of a gesture model in integers; None where it has no embedding."""
    if not network.features:
        return None
    embedding = GestureEmbedding.load(run.embedding_features_file)
    labels = contract.labels
    policy = load_gesture_config(run.config_file).default_policy((*labels, *[""] * LEARNED))
    background = None if policy.background is None else labels.index(policy.background)
    hops = CENTRE_SMOOTHING_S * contract.rate_hz / contract.hop
    changes = {
        "thresholds": (CENTRE_THRESHOLD,) * len(policy.thresholds),
        "smoothing_windows": min(max(1, round(hops)), MOST_SMOOTHING_WINDOWS),
    }
    policy = policy.model_copy(update=changes)
    return quantized_centres(embedding, network.features, background, policy)


def run_centres(run: RunFolder, contract: Contract) -> Centres | None:
    """The centres of a converted run; None where it has none."""
    return centres_of(run, contract, _network(run, contract, checked_flatbuffer(run, contract)))


def checked_flatbuffer(run: RunFolder, contract: Contract) -> bytes:
    """Read model.tflite; MISMATCH where its hash is not the contract's."""
    flatbuffer = run.require(run.flatbuffer_file, "convert").read_bytes()
    _compare(run.flatbuffer_file, flatbuffer, contract.hashes.model)
    return flatbuffer


def _compare(file: Path, flatbuffer: bytes, sha256: str | None) -> None:
    compare_hashes(
        str(file),
        hashlib.sha256(flatbuffer).hexdigest(),
        sha256 or "none",
        "the file was replaced, or the contract is of another model",
    )


def _own_crc(run: RunFolder) -> int:
    """The self-test's CRC in the run's C; the board and the twin compute it again."""
    file = run.sources / "model_contract.c"
    found = CRC.search(file.read_text("utf-8", "replace")) if file.is_file() else None
    if found is None:
        raise differs(f"{file} is missing, or has no self-test", "it was deleted or edited")
    return int(found[1], 16)


def _network(run: RunFolder, contract: Contract, flatbuffer: bytes) -> CompiledNetwork:
    """The network's C, compact if the run's is: the budget file is not part of the run."""
    has_centres = run.embedding_features_file.is_file()
    fast = compiled(flatbuffer, contract, keep_features=has_centres)
    files = [run.sources / name for name in sorted(fast.sources)]
    own = [file.read_bytes() if file.is_file() else b"" for file in files]
    if own == _contents(fast.sources):
        return fast
    compact = compiled(flatbuffer, contract, compact=True, keep_features=has_centres)
    return compact if own == _contents(compact.sources) else fast


def _contents(texts: Mapping[str, str]) -> list[bytes]:
    return [texts[name].encode() for name in sorted(texts)]


def _text(run: RunFolder, contract: Contract) -> dict[str, str]:
    return {} if contract.vocabulary is None else text_source(contract, load_table(run, contract))


def require_window_model(run: RunFolder, board: str) -> None:
    """Refuse a recurrent model on a board that interprets the flatbuffer: it is only one step."""
    if is_recurrent(run.require(run.keras_file, "train")):
        raise UsageError(
            f"{board} cannot run {run.path}: its network is recurrent.",
            "TensorFlow Lite Micro runs one step at a time, and rounds between the gates, so its "
            "output is not that of the conversion",
            "deploy it to nano33ble, which has the compiled engine",
        )


def compiled(
    flatbuffer: bytes, contract: Contract, compact: bool = False, keep_features: bool = False
) -> CompiledNetwork:
    """Compile the network for the contract's windows or hops; each text is one window."""
    reads_texts = contract.vocabulary is not None and contract.mode == "window"
    network = compile_network(
        flatbuffer,
        compact=compact,
        hop=None if reads_texts else contract.hop,
        window=contract.window,
        keep_state=contract.mode == "streaming",
        keep_features=keep_features,
    )
    return replace(network, obstacle="each text starts a new window") if reads_texts else network


def compiled_encoder(flatbuffer: bytes, contract: Contract) -> CompiledNetwork:
    """Compile an encoder: it is given a token at a time, or as few samples as it can take.

    A recurrent one reads on from column to column where whole columns make up all samples, so that
    a board can take samples in between. Any other one is given all samples at once.
    """
    assert contract.encoder is not None  # it is of an encoder
    samples = contract.encoder.samples
    window = 1 if samples is None else samples.window
    whole = compile_network(flatbuffer, window=window)
    stride = window if whole.recurrence is None else whole.recurrence.stride
    if whole.recurrence is None or window % stride:
        return whole
    return compile_network(flatbuffer, hop=stride, window=window, keep_state=True)


def encoder_sources(network: CompiledNetwork) -> dict[str, str]:
    """The C of an encoder, by names that the network of the contract does not have."""

    def renamed(text: str) -> str:
        own = text.replace("model_network", "encoder_network")
        return own.replace("MODEL_NETWORK", "ENCODER_NETWORK")

    return {renamed(name): renamed(text) for name, text in network.sources.items()}


def reference_name(network: CompiledNetwork) -> str:
    """The reference of `reference_outputs`, in words."""
    if network.recurrence is None:
        return "TensorFlow Lite Micro"
    return "the reference of its cells, and TensorFlow Lite Micro around them"


def reference_outputs(
    flatbuffer: Path, network: CompiledNetwork, log: Path
) -> Callable[[Int8], Int8]:
    """A function that computes the expected output: int8 [n, T * C] to int8 [n, K]."""
    recurrence = network.recurrence
    if recurrence is None:
        return lambda inputs: run_oracle(flatbuffer, inputs, log)
    stepped = SteppedReference.of(flatbuffer.read_bytes(), recurrence, log)
    _, samples, channels = network.input_shape

    def answer(inputs: Int8) -> Int8:
        return stepped.scores(inputs.reshape(-1, samples, channels), samples)[:, 0]

    return answer


def reference_contexts(
    contract: Contract, flatbuffer: Path, inputs: Sequence[Int8], log: Path
) -> Int8:
    """What the network that writes is given of each text or window, by the encoder's reference.

    Args:
        flatbuffer: of the encoder.
        inputs: int8 [tokens, channels] of each text, or int8 [samples, channels] of each window.

    Returns:
        int8 [n, features].
    """
    network = compiled_encoder(flatbuffer.read_bytes(), contract)
    if contract.reads_samples:
        windows = np.stack(inputs).reshape(len(inputs), -1)
        outputs = reference_outputs(flatbuffer, network, log)(windows)
    else:
        outputs = _after_texts(flatbuffer, network, inputs, log)
    scaling = fixed_point_context(contract)
    scaled = (outputs.astype(np.int64) * scaling.multipliers[0] + scaling.offsets[0]) >> (
        scaling.shift
    )
    contexts: Int8 = np.clip(scaled, -128, 127).astype(np.int8)
    return contexts


def _after_texts(
    flatbuffer: Path, network: CompiledNetwork, texts: Sequence[Int8], log: Path
) -> Int8:
    """Outputs after the last token of each text, int8 [n, K]."""
    assert network.recurrence is not None  # other encoders of texts are not converted
    rows = np.zeros((len(texts), max(map(len, texts)), texts[0].shape[1]), np.int8)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = text
    reference = SteppedReference.of(flatbuffer.read_bytes(), network.recurrence, log)
    ends = np.array([len(text) - 1 for text in texts])
    outputs: Int8 = reference.scores(rows, 1)[np.arange(len(rows)), ends]
    return outputs


@dataclass(frozen=True)
class EncoderData:
    """An encoder, with its data.

    Attributes:
        keras_file: the network without its embedding.
        calibration: inputs for quantization, float32 [n, S, channels].
        embedding: float32 [tokens, channels]; None where it reads samples.
    """

    keras_file: Path
    calibration: Float32
    embedding: Float32 | None


@dataclass(frozen=True)
class CalibrationData:
    """The network to quantize, with its data.

    Attributes:
        keras_file: the network without its embedding.
        calibration: inputs for quantization, float32 [n, T, C].
        test: held-out inputs, float32 [n, T, C].
        embedding: float32 [tokens, columns]; None without text.
        encoder: of a translation or a caption; else None.
        mixture: what the outputs of a network that draws stand for; else None.
    """

    keras_file: Path
    calibration: Float32
    test: Float32
    entries: tuple[str, ...] = ()
    embedding: Float32 | None = None
    level: Level = "words"
    encoder: EncoderData | None = None
    mixture: Mixture | None = None

    @property
    def text_bytes(self) -> int:
        """Flash for vocabulary and embeddings on a board."""
        if self.embedding is None:
            return 0
        source = None if self.encoder is None else self.encoder.embedding
        elements = self.embedding.size + (0 if source is None else source.size)
        return flash_bytes(self.entries, elements, self.level)

    def table(self, contract: Contract) -> TextTable | None:
        """The int8 embeddings of a board; None without text. contract: with quantization."""
        if self.embedding is None or contract.quantization is None:
            return None
        rows = to_int8(self.embedding, contract.quantization)
        source = None if self.encoder is None else self.encoder.embedding
        if source is None:
            return TextTable(self.entries, rows)
        assert contract.encoder is not None  # it has an embedding
        assert contract.encoder.quantization is not None  # it was converted before
        return TextTable(self.entries, rows, to_int8(source, contract.encoder.quantization))


def calibration_data(
    run: RunFolder, contract: Contract, windows: dict[str, NDArray[Any]], bodies: Path, log: Path
) -> CalibrationData:
    """The network and its data for quantization; bodies: for networks without embedding."""
    if contract.task == "sketch":
        return _drawing_data(run, windows, bodies / "model.keras", log)
    if contract.vocabulary is None:
        return CalibrationData(run.keras_file, windows["calibration"], windows["test"])
    entries, level = _entries(run, contract), contract.vocabulary.level
    if contract.encoder is not None:
        return _pairs_data(run, windows, bodies, log, entries, level)
    body = bodies / "model.keras"
    embedding = split_embedding(run.keras_file, body, log)
    calibration, test = (embedding[windows[part]] for part in ("calibration", "test"))
    return CalibrationData(body, calibration, test, entries, embedding, level)


def _drawing_data(
    run: RunFolder, windows: dict[str, NDArray[Any]], level: Path, log: Path
) -> CalibrationData:
    mixture = level_outputs(run.keras_file, windows["calibration"], level, log)
    test = steps_before(windows["test"])
    return CalibrationData(level, windows["calibration"], test, mixture=mixture)


def _pairs_data(
    run: RunFolder,
    windows: dict[str, NDArray[Any]],
    bodies: Path,
    log: Path,
    entries: tuple[str, ...],
    level: Level,
) -> CalibrationData:
    sources = {part: windows[part] for part in ("calibration", "test")}
    split = split_networks(run.keras_file, sources, bodies, log)
    calibration, test = (split.decoder_inputs(windows[f"{part}_targets"], part) for part in sources)
    encoder = EncoderData(
        split.encoder_file, split.encoder_inputs(sources["calibration"]), split.source_embedding
    )
    network = (split.decoder_file, calibration, test)
    return CalibrationData(*network, entries, split.target_embedding, level, encoder)


def load_table(run: RunFolder, contract: Contract) -> TextTable:
    """Read vocabulary and int8 embedding of a converted text run."""
    file = run.require(run.embedding_file, "convert")
    reads_tokens = contract.encoder is not None and contract.encoder.samples is None
    names = {"rows", "encoder_rows"} if reads_tokens else {"rows"}
    arrays = load_arrays(file, "convert", names)
    return TextTable(_entries(run, contract), arrays["rows"], arrays.get("encoder_rows"))


def _entries(run: RunFolder, contract: Contract) -> tuple[str, ...]:
    facts = contract.vocabulary
    return () if facts is None else Vocabulary.load(run.vocabulary_file, facts.sha256).entries


BUILD_TIMEOUT_S = 1800.0  # TensorFlow Lite Micro took 541 s on two busy cores


def build_image(
    run: RunFolder, board: str, contract_hash: str, flags: tuple[str, ...] = ()
) -> FirmwareImage:
    """Build a board's firmware with the run's model; flags: to measure its layers."""
    require_generated(run)
    log = log_file(run, f"build-{board}", flags)
    built = build_firmware(board, run.sources, PROJECT, log, BUILD_TIMEOUT_S, flags)
    elf = built.path.with_suffix(".elf")
    if board == "virtual":  # the estimates of conversion are for its compiler
        cost = NetworkCost.load(run.require(run.cost_file, "convert"))
        check_network(elf, cost)
    return FirmwareImage(
        board=board,
        path=str(built.path),
        flash_path=str(built.flash),
        flash_bytes=built.flash_bytes,
        ram_bytes=built.ram_bytes,
        contract_hash=contract_hash,
        sha256=hashlib.sha256(built.flash.read_bytes()).hexdigest(),
        ram_parts={} if board == "native" else ram_map(elf, built.ram_bytes),
        profiled=bool(flags),
    )


def build_without_model(board: str) -> BuiltImage:
    """Build the firmware of a board without a model."""
    log = work_folder() / "build" / f"build-{board}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return build_firmware(board, None, PROJECT, log, BUILD_TIMEOUT_S)


def log_file(run: RunFolder, name: str, flags: tuple[str, ...]) -> Path:
    """A log in the build folder; builds with flags have their own folder for objects."""
    folder = run.build / "profiled" if flags else run.build
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
