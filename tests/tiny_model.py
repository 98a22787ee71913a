"""A model whose answers can be worked out by hand, as `gesture convert` would leave it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from pipeline.conversion.contract_source import contract_source
from pipeline.core.artifacts import IMU_UNITS, Int8, Recording
from pipeline.core.contract import Channel, Contract, DecisionPolicy, Hashes, Quantization, Scaling
from pipeline.core.files import save_text_files

NETWORK = Path(__file__).parent / "fixtures" / "tiny_model"
STREAMING_NETWORK = Path(__file__).parent / "fixtures" / "tiny_streaming_model"
RATE_HZ = 100.0
PERIOD_US = 10_000
WINDOW, HOP = 20, 5
SELFTEST_CRC = 0x299E

CONTRACT = Contract(
    task="gesture",
    channels=tuple(Channel(name=name, unit=unit) for name, unit in IMU_UNITS.items()),
    rate_hz=RATE_HZ,
    window=WINDOW,
    hop=HOP,
    labels=("idle", "up", "down"),
    scaling=Scaling(mean=(0.0,) * 6, std=(1.0, 1.0, 1.0, 100.0, 100.0, 100.0)),
    decision=DecisionPolicy(
        smoothing_windows=2,
        thresholds=(1.0, 0.8, 0.8),
        release=0.3,
        refractory_s=0.2,
        background="idle",
    ),
    quantization=Quantization(
        input_scale=1 / 64, input_zero_point=0, output_scale=1 / 256, output_zero_point=-128
    ),
    hashes=Hashes(data="0" * 64, config="1" * 64, model="2" * 64),
)


def write_sources(
    folder: Path, selftest_crc: int = SELFTEST_CRC, contract: Contract = CONTRACT
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in (STREAMING_NETWORK if contract.streaming else NETWORK).iterdir():
        shutil.copy(file, folder)
    save_text_files(folder, contract_source(contract, selftest_crc))
    return folder


def network_output(network_input: Int8) -> Int8:
    """The same sums as model_network.c: int8 [window * 6] to int8 [3]."""
    total = int(network_input.reshape(WINDOW, 6)[:, 0].astype(int).sum())
    mean = abs(total) // WINDOW * (1 if total > 0 else -1)
    up, down = max(2 * mean, 0), max(-2 * mean, 0)
    scores = np.clip([255 - up - down, up, down], 0, 255)
    return (scores - 128).astype(np.int8)


def swings(seconds: float, start_us: int = 0, seed: int = 1) -> Recording:
    """A second of rest, then ax goes up, back to rest, and down, a second each, with noise."""
    n = round(seconds * RATE_HZ)
    level = np.array([0.0, 1.8, 0.0, -1.8])[(np.arange(n) // 100) % 4]
    samples = np.random.default_rng(seed).normal(0, 0.05, (n, 6))
    samples[:, 0] += level
    samples[:, 3:] *= 100
    return Recording(
        samples=(np.rint(samples * 1000) / 1000).astype(np.float32),
        seq=np.arange(n, dtype=np.int64),
        t_us=start_us + np.arange(n, dtype=np.int64) * PERIOD_US,
        rate_hz=RATE_HZ,
        label="swings",
        person="nobody",
    )
