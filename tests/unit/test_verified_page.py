"""What `gesture verify` says of the image that was deployed, if any."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.export import show_reproduced
from pipeline.core.files import save_json
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import export
from pipeline.workflows.export import Deployment, Reproduced
from tests.tiny_model import CONTRACT

IMAGE = "ab" * 32


def deployed_to(board: str, **more: object) -> dict[str, object]:
    return {"board": board, "contract_hash": CONTRACT.hash(), "sha256": IMAGE, **more}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "never deployed"),
        ({**deployed_to("virtual"), "contract_hash": "0" * 64}, "never deployed"),
        (deployed_to("virtual"), "the one that was deployed to virtual"),
        (deployed_to("native"), "last deployed to native, not compared: only an image"),
        (
            deployed_to("virtual", profiled=True),
            "deployed to virtual, not compared: it counts",
        ),
    ],
)
def test_it_says_what_runs_list_says(
    image: dict[str, object] | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As far as an image of this very model was deployed, it was deployed."""
    run = RunFolder(tmp_path)
    CONTRACT.save(run.contract_file)
    if image is not None:
        save_json(run.firmware_file, image)
    monkeypatch.setattr(export, "_image_of", lambda *_: IMAGE)
    found = export._again(run, {}, IMAGE)
    show_reproduced(Reproduced(run.path, "1" * 64, "2" * 64, 4, IMAGE, found), as_json=False)
    assert words in " ".join(capsys.readouterr().out.split())
    assert (found == Deployment(None)) == (words == "never deployed")
