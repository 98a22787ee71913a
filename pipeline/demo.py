"""The whole chain on the sample data: train, convert, deploy, and watch gestures being called."""

from __future__ import annotations

import shutil

from pipeline import console, console_board, console_events
from pipeline.artifacts import PROJECT
from pipeline.stages import board, data, emulated, learning

CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SAMPLE = PROJECT / "data" / "sample"
SEED = 1
NEEDED_FOR_QEMU = ("qemu-system-arm", "arm-none-eabi-gcc")


def run(as_json: bool) -> None:
    """Print each step as it is done. The board is emulated: on QEMU where it is installed."""
    name = "virtual" if all(map(shutil.which, NEEDED_FOR_QEMU)) else "native"
    with console.epochs(as_json) as on_epoch:
        trained = learning.train(CONFIG, [f"data.path={SAMPLE}"], None, on_epoch)
    console.show_trained(trained, as_json)
    with console.steps(as_json) as on_step:
        converted = learning.convert(trained.run, None, on_step)
    console.show_converted(converted, as_json)
    with console.steps(as_json) as on_step:
        deployed = board.deploy(trained.run, name, "auto", False, on_step)
    console_board.show_deployed(deployed, as_json)
    stream_file = trained.run / "stream.csv"
    stream = data.make_stream(data.dataset_of(trained.run), stream_file, trained.run, SEED)
    calls = emulated.watch_stream(trained.run, name, stream)
    console_events.show_calls(calls, stream, as_json)
