"""`gesture demo`: the whole chain on the sample data."""

from __future__ import annotations

import shutil

from pipeline.cli import console
from pipeline.cli.convert import show_converted
from pipeline.cli.deploy import show_deployed
from pipeline.cli.parser import App, Json
from pipeline.cli.replay import show_calls
from pipeline.cli.train import show_trained
from pipeline.core.project import CONFIGS, PROJECT, SAMPLE
from pipeline.workflows import boards, convert, datasets, deploy, next_commands, train

app = App()

CONFIG = CONFIGS / "gesture_rocket.yaml"
SETTINGS = [f"data.path={PROJECT / SAMPLE}", "split.hold_out=true"]  # it is shown on new takes
SEED = 1
NEEDED_FOR_QEMU = ("qemu-system-arm", "arm-none-eabi-gcc")


@app.command()
def demo(json: Json = False) -> None:
    """The whole chain on sample data.

    Trains, converts, deploys to an emulated board and watches it call gestures.

    \b
    Example: gesture demo
    """
    run(json)


def run(as_json: bool) -> None:
    """Print each step as it is done. The board is emulated: on QEMU where it is installed."""
    name = "virtual" if all(map(shutil.which, NEEDED_FOR_QEMU)) else "native"
    with console.epochs(as_json) as on_epoch:
        trained = train.train(CONFIG, SETTINGS, None, on_epoch)
    show_trained(trained, as_json)
    with console.steps(as_json) as on_step:
        converted = convert.convert(trained.run, None, on_step)
    show_converted(converted, as_json)
    with console.steps(as_json) as on_step:
        deployed = deploy.deploy(trained.run, name, "auto", False, on_step)
    show_deployed(deployed, as_json)
    stream_file = trained.run / "stream.csv"
    stream = datasets.make_stream(datasets.dataset_of(trained.run), stream_file, trained.run, SEED)
    calls = boards.watch_stream(trained.run, name, stream)
    show_calls(calls, stream, as_json)
    console.show_next(next_commands.after_demo(), as_json)
