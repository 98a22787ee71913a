"""A model that forecasts, whose answers can be worked out by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.conversion.contract_source import contract_source
from pipeline.core.artifacts import ENVIRONMENT_UNITS
from pipeline.core.contract import Channel, Contract, Hashes, Horizon, Quantization, Scaling
from pipeline.core.files import save_text_files

# Its sum suits any series: the first channel's rows, the later ones counting more.
NETWORK = Path(__file__).parent / "fixtures" / "toy_classifier"
CHANNELS = ("humidity", "temperature")
CONTRACT = Contract(
    task="forecast",
    channels=tuple(Channel(name=name, unit=ENVIRONMENT_UNITS[name]) for name in CHANNELS),
    rate_hz=1.0,
    window=4,
    hop=1,
    labels=(),
    scaling=Scaling(mean=(0.0,) * 2, std=(1.0,) * 2),
    horizons=tuple(Horizon(channel=name, steps=1, scale=1.0) for name in CHANNELS),
    quantization=Quantization(
        input_scale=1 / 64, input_zero_point=0, output_scale=1 / 64, output_zero_point=0
    ),
    hashes=Hashes(data="0" * 64, config="1" * 64, model="2" * 64),
)


def write_sources(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in NETWORK.iterdir():
        shutil.copy(file, folder)
    save_text_files(folder, contract_source(CONTRACT, 0))
    return folder
