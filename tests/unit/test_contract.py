"""The contract: one hash for one meaning, and integers that scale as the floats do."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.contract import (
    Channel,
    Contract,
    DecisionPolicy,
    Encoder,
    Hashes,
    Horizon,
    Quantization,
    Scaling,
    VocabularyFacts,
    fixed_point_context,
    fixed_point_horizons,
    fixed_point_mixture,
    fixed_point_scaling,
)
from pipeline.core.errors import ExitCode
from pipeline.core.mixture import LEAST_DEVIATION
from pipeline.core.sketches import mixture_values
from tests import toy_sketch
from tests.refusals import refuses
from tests.toy_text import classifier, writer


def contract(mean: float = 0.0, std: float = 1.0, scale: float = 0.03, zero: int = 3) -> Contract:
    return Contract(
        task="gesture",
        channels=(Channel(name="ax", unit="g"),),
        rate_hz=119,
        window=112,
        hop=8,
        labels=("punch", "idle"),
        scaling=Scaling(mean=(mean,), std=(std,)),
        decision=DecisionPolicy(
            smoothing_windows=4,
            thresholds=(0.8, 1.0),
            release=0.5,
            refractory_s=0.7,
            background="idle",
        ),
        quantization=Quantization(
            input_scale=scale, input_zero_point=zero, output_scale=1 / 256, output_zero_point=-128
        ),
        hashes=Hashes(data="d", config="c"),
    )


def test_a_saved_contract_is_the_same_contract(tmp_path: Path) -> None:
    contract().save(tmp_path / "contract.json")
    loaded = Contract.load(tmp_path / "contract.json")
    assert loaded == contract()
    assert loaded.hash() == contract().hash()


def test_the_keys_on_disk_are_those_of_every_version(tmp_path: Path) -> None:
    contract().save(tmp_path / "contract.json")
    content = json.loads((tmp_path / "contract.json").read_text("utf-8"))
    assert content["quantisation"]["input_zero_point"] == 3
    assert "quantization" not in content


def test_when_a_network_answers_is_reported_in_the_words_of_its_task() -> None:
    assert contract().occasion == "every 8 samples"
    assert writer().contract.occasion == "for each character"
    assert classifier().contract.occasion == "for each text"


def test_any_change_changes_the_hash() -> None:
    assert contract().hash() != contract(zero=4).hash()


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_contract_cut_short_is_refused_by_name(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "contract.json"
    contract().save(path)
    path.write_text(path.read_text("utf-8")[:cut], encoding="utf-8")
    with refuses(r"contract\.json is not a contract", ExitCode.MISMATCH):
        Contract.load(path)


def test_a_missing_contract_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    with refuses(next_step="gesture train"):
        Contract.load(tmp_path / "contract.json")


@given(
    mean=st.floats(-1000, 1000),
    std=st.floats(0.001, 5000),
    scale=st.floats(0.0005, 1),
    zero=st.integers(-128, 127),
    sample=st.integers(-4_000_000, 4_000_000),
)
def test_integers_scale_as_the_floats_do(
    mean: float, std: float, scale: float, zero: int, sample: int
) -> None:
    fixed = fixed_point_scaling(contract(mean, std, scale, zero))
    assert abs(fixed.multipliers[0]) < 2**31
    assert abs(fixed.offsets[0] + sample * fixed.multipliers[0]) < 2**63
    raw = (sample * fixed.multipliers[0] + fixed.offsets[0]) >> fixed.shift
    exact = (sample / 1000 - mean) / std / scale + zero
    # the multiplier is itself rounded: half a unit of 2^-shift for each step of the sample
    tolerance = 0.5 + abs(sample) * 0.5 / 2**fixed.shift + 1e-6
    if -128 <= exact <= 127:
        assert abs(np.clip(raw, -128, 127) - exact) <= tolerance


@given(
    scales=st.lists(st.floats(0.001, 50), min_size=1, max_size=3),
    step=st.floats(0.0005, 0.1),
    zero=st.integers(-128, 127),
    output=st.integers(-128, 127),
)
def test_a_forecast_is_rounded_to_the_nearest_thousandth(
    scales: list[float], step: float, zero: int, output: int
) -> None:
    quantization = Quantization(
        input_scale=1, input_zero_point=0, output_scale=step, output_zero_point=zero
    )
    horizons = tuple(Horizon(channel="t", steps=1, scale=scale) for scale in scales)
    made = contract().model_copy(update={"quantization": quantization, "horizons": horizons})
    fixed = fixed_point_horizons(made)
    for scale, multiplier, offset in zip(scales, fixed.multipliers, fixed.offsets, strict=True):
        exact = (output - zero) * step * scale * 1000
        assert abs(((output * multiplier + offset) >> fixed.shift) - exact) <= 0.501


def translation(encoder: Encoder) -> Contract:
    facts = VocabularyFacts(
        level="characters", size=40, padding="post", truncating="post", sha256="v"
    )
    changes = {
        "task": "translation",
        "channels": tuple(Channel(name=f"e{index}", unit="") for index in range(5)),
        "mode": "streaming",
        "labels": (),
        "decision": None,
        "vocabulary": facts,
        "encoder": encoder,
    }
    return contract().model_copy(update=changes)


def test_a_contract_without_an_encoder_has_the_hash_it_had_before_there_were_any() -> None:
    assert "encoder" not in json.loads(contract().canonical_json())


def test_a_contract_keeps_its_encoder_and_says_which_it_is(tmp_path: Path) -> None:
    plain = translation(Encoder(channels=3, features=2))
    assert contract().quantization is not None
    encoder = Encoder(channels=3, features=2).converted(contract().quantization, b"e", 1)
    made = plain.model_copy(update={"encoder": encoder})
    made.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json") == made
    assert made.hash() != plain.hash()
    assert made.unconverted() == plain.unconverted()
    assert (made.outputs, made.token_columns, made.occasion) == (40, 3, "for each character")


def test_a_contract_of_captions_says_what_its_encoder_reads(tmp_path: Path) -> None:
    """A contract of an earlier version says it itself."""
    earlier = contract().model_copy(update={"task": "caption"})
    assert earlier.samples.channels == earlier.channels
    assert (earlier.samples.rate_hz, earlier.samples.window) == (119, 112)
    encoder = Encoder(channels=1, features=4, samples=earlier.samples)
    plain = translation(encoder).model_copy(update={"task": "caption", "rate_hz": 0.0})
    assert plain.samples == earlier.samples
    assert plain.reads_samples
    quantization = contract().quantization
    assert quantization is not None
    made = plain.model_copy(update={"encoder": encoder.converted(quantization, b"e", 16)})
    made.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json") == made
    assert made.unconverted() == plain.unconverted()
    assert fixed_point_scaling(made) == fixed_point_scaling(contract())


def test_a_contract_of_translations_has_the_hash_it_had_before_there_were_captions() -> None:
    content = json.loads(translation(Encoder(channels=3, features=2)).canonical_json())
    assert content["encoder"].keys() == {"channels", "features", "quantization", "sha256"}


@given(
    given=st.floats(0.0005, 0.1),
    taken=st.floats(0.0005, 0.1),
    zeros=st.tuples(st.integers(-128, 127), st.integers(-128, 127)),
    output=st.integers(-128, 127),
)
def test_a_context_is_rounded_to_the_nearest_input(
    given: float, taken: float, zeros: tuple[int, int], output: int
) -> None:
    own = Quantization(
        input_scale=1, input_zero_point=0, output_scale=given, output_zero_point=zeros[0]
    )
    encoder = Encoder(channels=3, features=2, quantization=own)
    quantization = own.model_copy(update={"input_scale": taken, "input_zero_point": zeros[1]})
    made = translation(encoder).model_copy(update={"quantization": quantization})
    fixed = fixed_point_context(made)
    assert abs(fixed.multipliers[0]) < 2**31
    exact = (output - zeros[0]) * given / taken + zeros[1]
    found = (output * fixed.multipliers[0] + fixed.offsets[0]) >> fixed.shift
    assert abs(found - exact) <= 0.501


def test_a_contract_of_drawings_keeps_its_mixture_until_it_is_converted_again(
    tmp_path: Path,
) -> None:
    made = toy_sketch.CONTRACT
    made.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json") == made
    assert (made.outputs, made.occasion) == (toy_sketch.OUTPUTS, "for each move")
    plain = made.unconverted()
    assert plain.mixture is None
    assert "mixture" not in json.loads(plain.canonical_json())


@given(st.integers(-128, 127), st.integers(0, 2 * toy_sketch.COUNT - 1))
def test_a_mixture_in_integers_says_what_its_outputs_stand_for(output: int, mean: int) -> None:
    made = toy_sketch.CONTRACT
    outputs = np.full(toy_sketch.OUTPUTS, output, np.int8)
    values = mixture_values(outputs, made).astype(np.float64)
    fixed, count = fixed_point_mixture(made), toy_sketch.COUNT
    place = output * fixed.means.multipliers[mean] + fixed.means.offsets[mean] >> fixed.means.shift
    assert place == pytest.approx(1000 * toy_sketch.SCALE * values[count + mean], abs=0.6)
    power = output * fixed.deviations.multiplier + fixed.deviations.offset
    deviation = 1000 * toy_sketch.SCALE * math.exp(values[3 * count])
    assert 2.0 ** (power / 2**24) == pytest.approx(deviation, rel=1e-4)
    bent = output * fixed.correlations.multiplier + fixed.correlations.offset
    assert bent / 2**24 == pytest.approx(2 * values[5 * count] * math.log2(math.e), abs=1e-4)
    assert fixed.least_deviation == round(LEAST_DEVIATION * 1000 * toy_sketch.SCALE * 2**8)
