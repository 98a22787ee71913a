"""The last seconds of samples, asked of a board that has kept them."""

from __future__ import annotations

from pipeline.capture.client import BoardClient
from pipeline.capture.protocol import Sample, past_of
from pipeline.errors import PipelineError

PULL_LINES = 16  # of one answer; fewer are the last
ATTEMPTS = 5  # for one piece, where lines arrive damaged


def pull_samples(client: BoardClient) -> list[Sample]:
    """All that the board has kept, oldest first; empty where its sensor has given nothing.

    Raises PipelineError where lines are damaged again and again.
    """
    found: list[Sample] = []
    while True:
        piece = _piece(client, found[-1].seq + 1 if found else 0)
        found += piece
        if len(piece) < PULL_LINES:
            return found


def _piece(client: BoardClient, seq: int) -> list[Sample]:
    for _ in range(ATTEMPTS):
        answer = client.command(f"pull {seq}")
        samples = [past_of(message) for message in client.take_kept("past")]
        if answer.fields.get("lines") == str(len(samples)):
            return [sample for sample in samples if sample is not None]
    raise PipelineError(
        "Samples from the board keep arriving damaged.",
        "the cable or a hub is bad, or another program reads from the same port",
        "use another cable, close the other program, and pull again",
    )
