"""The generated C: it compiles without a warning, says what the contract says, and repeats. Golden
vectors compare engines."""

from __future__ import annotations

import binascii
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.conversion.c_source import c_array, selftest_inputs
from pipeline.conversion.contract_source import contract_source
from pipeline.conversion.golden import compare_outputs
from pipeline.conversion.text_source import text_source
from pipeline.core.artifacts import ENVIRONMENT_UNITS, IMU_UNITS, GoldenVectors
from pipeline.core.contract import (
    Channel,
    Contract,
    DecisionPolicy,
    Encoder,
    Hashes,
    Horizon,
    Quantization,
    Scaling,
    fixed_point_scaling,
    score_sum,
)
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import PROJECT
from tests import toy_sketch
from tests.conftest import need
from tests.refusals import refuses
from tests.toy_text import FEED, WINDOW, describer, translator

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion"]
LIBRARY = PROJECT / "firmware" / "lib"

# Answers with the sums of the first bytes, so that the self-test has something to check.
NETWORK_H = """\
#ifndef MODEL_NETWORK_H
#define MODEL_NETWORK_H
#include <stdint.h>
void model_network_reset(void);
void model_network_invoke(const int8_t *input, int8_t *output);
#endif
"""
NETWORK_C = """\
#include "model_network.h"
#include "model_size.h"
void model_network_reset(void) {}
void model_network_invoke(const int8_t *input, int8_t *output) {
  for (int c = 0; c < MODEL_CLASSES; c++) output[c] = (int8_t)((input[c] + input[c + 3]) / 2);
}
"""
SHOW_C = """\
#include <inttypes.h>
#include <stdio.h>
#include "model.h"
#include "model_size.h"
#include "selftest.h"
static void nothing(void) {}
int main(void) {
  static int8_t input[MODEL_WINDOW * MODEL_CHANNELS];
  printf("%s %" PRIu32 " %d %d %d %d\\n", MODEL.contract_hash, MODEL.rate_millihz, MODEL.window,
         MODEL.hop, MODEL.channels, MODEL.classes);
  printf("%d %d %d %d %" PRIu32 "\\n", MODEL.shift, MODEL.policy.smoothing_windows,
         MODEL.policy.background, MODEL.policy.release_sum, MODEL.policy.refractory_us);
  for (int c = 0; c < MODEL.classes; c++)
    printf("%s %d\\n", MODEL.labels[c], MODEL.policy.fire_sums[c]);
  for (int c = 0; c < MODEL.channels; c++)
    printf("%" PRId32 " %" PRId64 "\\n", MODEL.scales[c].multiplier, MODEL.scales[c].offset);
  printf("%d %d\\n", MODEL.selftest_crc, selftest_crc(input, nothing));
  return 0;
}
"""


def make_contract(**changes: Any) -> Contract:
    fields: dict[str, Any] = {
        "task": "gesture",
        "channels": tuple(Channel(name=name, unit=unit) for name, unit in IMU_UNITS.items()),
        "rate_hz": 119.0,
        "window": 112,
        "hop": 8,
        "labels": ("flex", "upper-cut", "idle"),
        "scaling": Scaling(
            mean=(0.1, -0.2, 0.9, -3.0, 700.0, 0.0), std=(0.6, 0.7, 0.5, 90, 2000, 0.001)
        ),
        "decision": DecisionPolicy(
            smoothing_windows=4,
            thresholds=(0.8, 0.85, 1.0),
            release=0.5,
            refractory_s=0.7,
            background="idle",
        ),
        "quantization": Quantization(
            input_scale=0.0307, input_zero_point=-3, output_scale=1 / 256, output_zero_point=-128
        ),
        "hashes": Hashes(data="d", config="c", model="m"),
    }
    return Contract(**{**fields, **changes})


def compile_and_run(folder: Path, texts: dict[str, str]) -> str:
    need("gcc")
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    sources = [name for name in texts if name.endswith(".c")]
    library = [LIBRARY / part / f"{part}.c" for part in ("model", "selftest", "crc")]
    includes = [f"-I{LIBRARY / part}" for part in ("model", "selftest", "crc")]
    command = ["gcc", *STRICT, "-I.", *includes, *sources, *map(str, library), "-o", "show"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return subprocess.run([folder / "show"], capture_output=True, text=True, check=True).stdout


def fake_outputs(inputs: np.ndarray, classes: int) -> np.ndarray:
    sums = inputs[:, :classes].astype(int) + inputs[:, 3 : 3 + classes]
    outputs: np.ndarray = np.trunc(sums / 2).astype(np.int8)
    return outputs


def test_the_board_is_reported_what_the_contract_says(tmp_path: Path) -> None:
    contract = make_contract()
    crc = binascii.crc_hqx(fake_outputs(selftest_inputs(112 * 6), 3).tobytes(), 0xFFFF)
    texts = contract_source(contract, crc)
    assert texts.keys() == {"model_size.h", "model_contract.c"}
    texts |= {"model_network.h": NETWORK_H, "model_network.c": NETWORK_C, "show.c": SHOW_C}
    lines = compile_and_run(tmp_path, texts).splitlines()
    assert lines[0] == f"{contract.hash()} 119000 112 8 6 3"
    scaling = fixed_point_scaling(contract)
    assert lines[1] == f"{scaling.shift} 4 2 510 700000"
    assert lines[2:5] == ["flex 816", "upper-cut 867", "idle 1020"]
    scales = zip(scaling.multipliers, scaling.offsets, strict=True)
    assert lines[5:11] == [f"{multiplier} {offset}" for multiplier, offset in scales]
    assert lines[11] == f"{crc} {crc}"  # the C generator and CRC are those of Python


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
def test_generated_c_compiles_without_a_warning(tmp_path: Path, compiler: str) -> None:
    need(compiler)
    one = make_contract(
        labels=("only",),
        decision=DecisionPolicy(
            smoothing_windows=16, thresholds=(1.0,), release=0, refractory_s=0, background=None
        ),
    )
    texts = {
        **contract_source(one, 0),
        **c_array(bytes(range(256)) * 3),
        "model_network.h": NETWORK_H,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    flags = [*STRICT, f"-I{LIBRARY / 'model'}", f"-I{tmp_path}", "-fsyntax-only"]
    command = [compiler, *flags, "model_contract.c", "model_data.c"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")


def test_the_same_contract_gives_the_same_text() -> None:
    assert contract_source(make_contract(), 7) == contract_source(make_contract(), 7)
    assert contract_source(make_contract(), 7) != contract_source(make_contract(), 8)
    text = contract_source(make_contract(), 0xBEE)["model_contract.c"]
    assert ".selftest_crc = 0x0BEE," in text
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("background", [None, "rest"])
def test_without_a_background_class_every_class_may_fire(background: str | None) -> None:
    policy = make_contract().decision.model_copy(update={"background": background})
    text = contract_source(make_contract(decision=policy), 0)["model_contract.c"]
    assert ".background = MODEL_NO_BACKGROUND," in text


@pytest.mark.parametrize("windows", [1, 3, 4, 16])
@pytest.mark.parametrize("average", [0.0, 0.1, 0.5, 0.7, 0.8, 0.9, 0.999, 1.0])
def test_a_sum_fires_exactly_from_its_threshold_on(average: float, windows: int) -> None:
    least = score_sum(average, windows)
    exact = Fraction(str(average))
    assert Fraction(least, 255 * windows) >= exact
    assert Fraction(least - 1, 255 * windows) < exact


def forecasting(names: Sequence[str], period_s: float, steps: int) -> Contract:
    return make_contract(
        task="forecast",
        channels=tuple(Channel(name=n, unit=ENVIRONMENT_UNITS.get(n, "")) for n in names),
        rate_hz=1 / period_s,
        labels=(),
        scaling=Scaling(mean=(0.0,) * len(names), std=(1.0,) * len(names)),
        decision=None,
        horizons=tuple(Horizon(channel=name, steps=steps, scale=1.0) for name in names),
    )


@pytest.mark.parametrize("names", [("sunspots",), ("temperature", "humidity")])
def test_a_series_may_be_as_slow_as_it_likes_and_forecast_far(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    texts = {**contract_source(forecasting(names, 365 * 86_400, 70_000), 0)}
    texts |= {"model_network.h": NETWORK_H, "model_network.c": NETWORK_C}
    texts["show.c"] = (
        '#include <stdio.h>\n#include "model.h"\n'
        'int main(void) { printf("%d %d", MODEL.rate_millihz == 0, MODEL.channels); }\n'
    )
    assert compile_and_run(tmp_path, texts) == f"1 {len(names)}"


@pytest.mark.parametrize(
    ("period_s", "measures"), [(0.299, False), (0.3, True), (86_400, True), (86_401, False)]
)
def test_a_board_measures_by_itself_at_every_period_that_it_keeps(
    period_s: float, measures: bool
) -> None:
    text = contract_source(forecasting(("temperature",), period_s, 1), 0)["model_contract.c"]
    assert (f".period_ms = {round(period_s * 1000)}," in text) == measures
    assert (".readings = readings," in text) == measures


def changed_policy(**changes: Any) -> dict[str, Any]:
    return {"decision": make_contract().decision.model_copy(update=changes)}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"quantization": None}, "it has not been quantized"),
        ({"window": 70_000}, "window or hop are not between 1 and 65535"),
        ({"hop": 0}, "window or hop"),
        ({"hop": 113}, "window or hop"),
        ({"labels": ("a b", "x", "y")}, "a label is not made of"),
        ({"labels": ('"; evil', "x", "y")}, "a label is not made of"),
        ({"labels": ("x", "y")}, "it has not one threshold a label"),
        (changed_policy(smoothing_windows=17), "its smoothing is not 1 to 16 windows"),
        (changed_policy(release=1.5), "a threshold is not between 0 and 1"),
        (
            {"channels": tuple(Channel(name=n, unit="deg/s") for n in ("gx", "gy", "gz"))},
            "its channels are not ax, ay, az, gx, gy, gz, or the first of them",
        ),
        (
            {
                "quantization": Quantization(
                    input_scale=0.1, input_zero_point=0, output_scale=0.2, output_zero_point=3
                )
            },
            "its output is not a probability",
        ),
    ],
)
def test_a_contract_that_no_board_can_hold_is_refused(changes: dict[str, Any], part: str) -> None:
    with refuses(code=ExitCode.MISMATCH, what=part):
        contract_source(make_contract(**changes), 0)


def test_the_first_channels_alone_will_do() -> None:
    three = make_contract(
        channels=tuple(Channel(name=name, unit="g") for name in ("ax", "ay", "az")),
        scaling=Scaling(mean=(0, 0, 0), std=(1, 1, 1)),
    )
    assert "#define MODEL_CHANNELS 3" in contract_source(three, 0)["model_size.h"]


def test_the_c_array_holds_the_flatbuffer(tmp_path: Path) -> None:
    need("gcc", "g++")
    content = np.random.default_rng(1).bytes(1001)
    texts = c_array(content)
    assert texts == c_array(content)
    assert texts.keys() == {"model_data.h", "model_data.c"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    # As a sketch includes it: from C++.
    (tmp_path / "main.cpp").write_text(
        '#include <cstdint>\n#include <cstdio>\n#include "model_data.h"\n'
        "int main() {\n"
        "  if (reinterpret_cast<std::uintptr_t>(model_data) % 16 != 0) return 1;\n"
        "  return std::fwrite(model_data, 1, model_data_len, stdout) != model_data_len;\n}\n"
    )
    for command in (
        ["gcc", *STRICT, "-c", "model_data.c"],
        ["g++", "-Wall", "-Werror", "main.cpp", "model_data.o", "-o", "main"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    shown = subprocess.run([tmp_path / "main"], capture_output=True, check=True)
    assert shown.stdout == content


def test_engines_are_compared_byte_by_byte() -> None:
    golden = GoldenVectors(np.zeros((5, 8), np.int8), np.arange(20, dtype=np.int8).reshape(5, 4))
    compare_outputs(golden, golden.outputs, "the twin")
    compare_outputs(golden, golden.outputs[:3], "the board")
    wrong = golden.outputs.copy()
    wrong[2, 1] += 1
    wrong[4, 3] -= 2
    with pytest.raises(PipelineError) as caught:
        compare_outputs(golden, wrong, "the twin")
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert "vector 2, byte 1 is 10, not 9 (2 of 5 vectors differ)" in caught.value.what
    for other in (golden.outputs[:, :3], golden.outputs[:0], np.zeros((6, 4), np.int8)):
        with pytest.raises(PipelineError, match="the twin gave outputs of shape"):
            compare_outputs(golden, other, "the twin")


def test_the_selftest_generator_is_the_documented_one() -> None:
    # The states are 0x3C88596C = 1664525 + 1013904223, 0x5E8885DB, 0x8116017E, 0xB47340C5.
    assert selftest_inputs(4).dtype == np.int8
    assert selftest_inputs(4)[0].tolist() == [0x3C, 0x5E, 0x81 - 256, 0xB4 - 256]
    loudest = np.abs(selftest_inputs(2000).astype(int)).max(axis=1)
    assert loudest.tolist() == [128, 32, 8, 2]
    second = selftest_inputs(4)[1].tolist()
    assert second == [int(value / 4) for value in selftest_inputs(8)[0, 4:].tolist()]


TRANSLATION = translator("words").contract
ENCODER = TRANSLATION.encoder


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"encoder": None}, "it translates or describes without an encoder"),
        ({"task": "generation"}, "another task has one"),
        ({"streaming": False}, "not a step at a time"),
        ({"encoder": Encoder(channels=2, features=4)}, "has not been quantized"),
        ({"encoder": ENCODER and ENCODER.model_copy(update={"features": 7})}, "does not fit"),
    ],
)
def test_a_translation_that_no_board_can_hold_is_refused(
    changes: dict[str, Any], part: str
) -> None:
    with refuses(code=ExitCode.MISMATCH, what=part):
        contract_source(TRANSLATION.model_copy(update=changes), 0)


def test_captions_that_no_board_can_hold_are_refused() -> None:
    toy = describer().contract
    assert toy.encoder is not None
    samples = toy.samples
    for changes, part in (
        ({"rate_hz": 0.0}, "its samples have no rate"),
        ({"channels": samples.channels[::-1]}, "its channels are not ax, ay"),
        ({"window": 2**16}, "more than 65535 samples are read"),
    ):
        own = {"samples": samples.model_copy(update=changes)}
        contract = toy.model_copy(update={"encoder": toy.encoder.model_copy(update=own)})
        with refuses(code=ExitCode.MISMATCH, what=part):
            contract_source(contract, 0)


def test_what_reads_samples_has_no_table_of_tokens() -> None:
    toy = describer()
    source = text_source(toy.contract, toy.table)["model_encoder.c"]
    assert "embedding" not in source
    assert f".feed = {FEED}," in source
    sizes = contract_source(toy.contract, 0)["model_size.h"]
    assert f"#define WINDOW_SAMPLES {WINDOW} " in sizes
    with refuses(code=ExitCode.MISMATCH, what="its embedding for the encoder is"):
        text_source(toy.contract, translator("words").table)


def test_a_table_of_another_encoder_is_refused() -> None:
    table = translator("words").table
    assert table.encoder is not None
    for wrong in (None, table.encoder[:, :1]):
        with refuses(code=ExitCode.MISMATCH, what="its embedding for the encoder is"):
            text_source(TRANSLATION, replace(table, encoder=wrong))


MIXTURE = toy_sketch.CONTRACT.mixture


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"mixture": None}, "not one output for each number of its mixture"),
        ({"streaming": False}, "it draws, but not a step at a time"),
        ({"window": 1}, "it draws, but not a step at a time"),
        (
            {"mixture": MIXTURE and MIXTURE.model_copy(update={"means": MIXTURE.means[1:]})},
            "not one output for each number of its mixture",
        ),
        ({"scaling": Scaling(mean=(0.0,) * 5, std=(1e6, 1e6, 1, 1, 1))}, "beyond two million"),
    ],
)
def test_a_drawing_that_no_board_can_hold_is_refused(changes: dict[str, Any], part: str) -> None:
    with refuses(code=ExitCode.MISMATCH, what=part):
        contract_source(toy_sketch.CONTRACT.model_copy(update=changes), 0)
