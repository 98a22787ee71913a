"""Files of the catalogue brought here: from a folder, else from where they were published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pooch
import requests

from pipeline.datasets.catalogue import Entry, RemoteFile, files_of
from pipeline.errors import PipelineError

TIMEOUT_S = 30.0
CACHE = "gesture"  # in the user's cache folder: what has been downloaded once stays there


def obtain(entry: Entry, mirror: Path | None, folder: Path) -> None:
    """Copy the entry's files into `folder`, each with the SHA-256 that the catalogue has.

    mirror: a folder that may hold them, as FILE, NAME/FILE, gestures/NAME/FILE or
    text/NAME/FILE; what is not there is downloaded.
    Raises PipelineError where a file can be had nowhere, or is not the one of the catalogue.
    """
    for file in files_of(entry):
        there = in_mirror(entry, file.path, mirror)
        source = there or _download(entry, file)
        copy_checked(source, folder / file.path, file.sha256, str(there or file.url))


def copy_checked(source: Path | str, target: Path, sha256: str, place: str) -> None:
    """place: where it is from, for people. Raises PipelineError where it is another file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if pooch.file_hash(str(target)) != sha256:
        raise _mismatch(place, "another version, or a copy cut short")


def in_mirror(entry: Entry, path: str, mirror: Path | None) -> Path | None:
    """Where a mirror holds a file of the entry; None where it does not."""
    if mirror is None:
        return None
    if not mirror.is_dir():
        raise PipelineError(
            f"There is no folder {mirror}.",
            "--from, or GESTURE_DATA, is misspelt",
            "name a folder that holds the files, or leave it out to download them",
        )
    rooms = (mirror, mirror / "gestures", mirror / "text")
    places = [mirror / path, *(room / entry.name / path for room in rooms)]
    return next(filter(Path.is_file, places), None)


def _download(entry: Entry, file: RemoteFile) -> str:
    pooch.get_logger().setLevel("ERROR")
    cache = Path(pooch.os_cache(CACHE)) / entry.name
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    name = file.path.replace("/", "-")
    try:
        return str(pooch.retrieve(file.url, f"sha256:{file.sha256}", name, cache, None, downloader))
    except requests.RequestException as error:
        raise _unreachable(entry, file, error) from None
    except ValueError:
        raise _mismatch(file.url, "it was changed after it was listed, or on its way") from None


def _mismatch(place: str, why: str) -> PipelineError:
    return PipelineError(
        f"{place} is not the file of the catalogue: its SHA-256 differs.",
        f"{why}; it was not read",
        "delete it or name another folder with --from, and try again; if it stays so, report it",
    )


def _unreachable(entry: Entry, file: RemoteFile, error: requests.RequestException) -> PipelineError:
    answer = error.response
    said = f"the server answered {answer.status_code}" if answer is not None else "no connection"
    return PipelineError(
        f"{file.url} could not be downloaded: {said}.",
        "there is no network here, a proxy is in the way, or the file was taken down",
        f"on another machine download it (its dataset has {_count(entry)}), then: "
        f"gesture data get {entry.name} --from FOLDER, where FOLDER holds {file.path}",
    )


def _count(entry: Entry) -> str:
    count = len(files_of(entry))
    return "this one file" if count == 1 else f"{count} files, listed by --json"
