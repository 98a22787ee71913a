"""Windows in seconds: how many samples they are, at the rate of the data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipeline.config.gesture_settings import DataConfig, GestureConfig
from pipeline.datasets.recordings import load_recordings
from pipeline.training.models import nearest_window, total_stride


def in_samples(config: GestureConfig) -> tuple[GestureConfig, str]:
    """A config whose window and hop are in samples, and what they are, for people.

    Where `data.rate_hz` is not set, it becomes the usual rate of the recordings. A hop is whole
    strides of the network, and a window leaves no remainder in its pooling.

    Returns:
        The same config, if nothing in it is in seconds; the text is empty at the usual rate then.

    Raises:
        PipelineError: there are no recordings.
    """
    if not config.window.in_seconds:
        usual_hz = DataConfig.model_fields["rate_hz"].default
        return config, "" if config.data.rate_hz == usual_hz else _said(config)
    rate_hz = _rate_hz(config)
    length, hop = _length_and_hop(config, rate_hz)
    content: dict[str, Any] = config.plain()
    content["data"]["rate_hz"] = rate_hz
    content["window"].update(length=length, hop=hop)
    fitted = GestureConfig.model_validate(content)
    return fitted, _said(fitted)


def _said(config: GestureConfig) -> str:
    length, hop, rate_hz = config.window.length, config.window.hop, config.data.rate_hz
    return (
        f"A window is {length} samples ({length / rate_hz:.2f} s), a hop {hop} "
        f"({hop / rate_hz:.3f} s), at {rate_hz:g} Hz."
    )


def _rate_hz(config: GestureConfig) -> float:
    if "rate_hz" in config.data.model_fields_set:
        return config.data.rate_hz
    rates = Counter(recording.rate_hz for recording in load_recordings(config.data.path))
    return max(rates, key=lambda rate_hz: (rates[rate_hz], rate_hz))


def _length_and_hop(config: GestureConfig, rate_hz: float) -> tuple[int, int]:
    window, stride = config.window, total_stride(config.model)
    length, hop = window.length, window.hop
    if window.hop_s is not None:
        hop = stride * max(1, round(window.hop_s * rate_hz / stride))
    if window.length_s is not None:
        wished = window.length_s * rate_hz
        if window.mode == "streaming":  # a window is whole hops
            wished = hop * max(1, round(wished / hop))
        length = nearest_window(config.model, wished)
    return length, hop
