"""`gesture learn`: a board learns a gesture from three moves, by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Message
from pipeline.core.enrolment import NO_NAME, check_name
from pipeline.core.errors import NoBoardError, PipelineError, UsageError
from pipeline.workflows.boards import board_at

TAKES = 3
LIMIT_S = 70.0  # a board gives up after 60
LEAST_SURENESS = 0.25  # with less, takes are hardly of one gesture
OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """What a board says of a gesture that it has learned.

    Args:
        name: of the gesture.
        like: the class that is most like it.
        likeness: 1: the two cannot be told apart; near 0: they are far apart.
        sureness: 1: the takes are as alike as those of a class of the model; less: they differ.
        too_like: whether the board warns that the two will be mixed up.
    """

    name: str
    like: str
    likeness: float
    sureness: float
    too_like: bool

    @property
    def is_good(self) -> bool:
        """Whether it can be told from the others, and its takes are of one gesture."""
        return not self.too_like and self.sureness >= LEAST_SURENESS


def learn(name: str, port: str, on_step: OnStep) -> Learned:
    """Let the board at a port learn a gesture; a name of its model is another way of that one.

    Raises:
        PipelineError: no board; it refuses; or it saw no three moves in a minute.
    """
    check_name(name)
    with open_port(board_at(port, on_step)) as opened:
        board = BoardClient(opened)
        board.wait_ready()
        board.command(f"learn {name}")
        on_step(f"hold still, then make {name} {TAKES} times, with a rest between")
        try:
            return _followed(board, name, on_step)
        except KeyboardInterrupt:
            with suppress(PipelineError):  # it may be gone
                board.command(f"learn {NO_NAME}")  # else it learns from whatever moves next
            raise


def forget(name: str, port: str, on_step: OnStep) -> None:
    """Let the board at a port forget a gesture that it has learned, or a way of a known one.

    Raises:
        PipelineError: no board; or nothing of that name was learned.
    """
    check_name(name)
    with open_port(board_at(port, on_step)) as opened:
        board = BoardClient(opened)
        board.wait_ready()
        learned = board.learned()
        if name not in (*learned, *board.labels()):
            raise UsageError(
                f"The board has not learned {name}.",
                f"it has learned {', '.join(learned) or 'nothing'}",
                "give one of these names, or that of a gesture of its model",
            )
        board.command(f"forget {name}")


def _followed(board: BoardClient, name: str, on_step: OnStep) -> Learned:
    for message in _messages(board):
        if message.kind == "learning":
            fields = _fields(message)
            odd = "one was unlike the others and does not count; " if "odd" in fields else ""
            on_step(f"{odd}move {fields.get('take', '?')} of {TAKES} seen")
        elif message.kind == "warn" and message.words[:1] == ("not-learned",):
            raise _not_learned(name, message.words[-1])
        elif message.kind == "learned":
            return _result(message, _is_warned(board))
    raise NoBoardError(
        f"The board did not say in {LIMIT_S:g} s whether it learned {name}.",
        "it was unplugged, or it has restarted",
        "try again",
    )


def _messages(board: BoardClient) -> Iterator[Message]:
    return (item for item in board.items(LIMIT_S) if isinstance(item, Message))


def _is_warned(board: BoardClient) -> bool:
    """A warning is sent before the answer to the next command."""
    board.command("people")
    return any(message.words[:1] == ("too-like",) for message in board.take_pending("warn"))


def _result(message: Message, too_like: bool) -> Learned:
    fields = _fields(message)
    try:
        likeness, sureness = float(fields["likeness"]), float(fields["sure"])
        return Learned(message.words[0], fields["like"], likeness, sureness, too_like)
    except (KeyError, ValueError, IndexError):
        raise PipelineError(
            f"The board answered `{message.kind} {' '.join(message.words)}`.",
            "its firmware is of another version than this program",
            "deploy again",
        ) from None


def _fields(message: Message) -> Mapping[str, str]:
    pairs = (word.partition("=") for word in message.words)
    return {key: value for key, _, value in pairs if value}


def _not_learned(name: str, reason: str) -> PipelineError:
    why, next_step = {
        "timeout": (
            f"it saw no {TAKES} moves with rests between them in a minute",
            "hold still for two seconds before and after each move, and try again",
        ),
        "full": ("there is no room for another", "`gesture learn NAME --forget` makes room"),
    }.get(reason, ("its flash did not keep it", "deploy again, then try again"))
    return PipelineError(f"The board has not learned {name}.", why, next_step)
