"""Jobs on a real Dask cluster: two workers with limited memory, each a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.errors import ExitCode, MismatchError
from pipeline.core.original_names import OriginalNames
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import save_recording
from pipeline.workflows.fold import GestureData, fold_job
from pipeline.workflows.jobs import cluster as client_side
from pipeline.workflows.jobs.job import Job, Outcome
from pipeline.workflows.jobs.run import run_jobs
from tests.cli.commands import running
from tests.cli.test_evaluate import CONFIG
from tests.conftest import PROJECT
from tests.fixtures.dask_cluster import DaskCluster, dask_cluster, kill
from tests.fixtures.waiting import until
from tests.refusals import refuses
from tests.takes import takes
from tests.toy_jobs import Loaded, begun, toy_job
from tests.unit.test_jobs import is_gone

pytestmark = pytest.mark.slow
MEMORY = 2_000_000_000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with dask_cluster(folder, workers=2, memory=str(MEMORY)) as started:
        started.wait_for_workers()
        yield started


def done(
    jobs: list[Job], cluster: DaskCluster, folder: Path, data: Any = None
) -> dict[int, Outcome]:
    """The outcomes by seed."""
    by_fingerprint = {"print": data}
    ended = run_jobs(jobs, by_fingerprint, cluster.address, folder=folder)
    return {one.job.seed: one for one in ended}


def files_of(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.soak
def test_a_fold_of_a_cluster_is_byte_equal_to_that_of_one_machine(
    cluster: DaskCluster, tmp_path: Path, host_compiler: None
) -> None:
    """The workers see no file of the client: they stand in another folder."""
    data = GestureData(tuple(takes(("flex", "punch"), ("anna", "ben"), each=6)), OriginalNames())
    (tmp_path / "small.yaml").write_text(CONFIG, "utf-8")
    config = load_gesture_config(tmp_path / "small.yaml")
    (fold, *_) = protocol_folds(data.recordings, config, "kfold")
    job = fold_job(fold, data.fingerprint(), "fold 1")
    found = []
    for scheduler in (cluster.address, None):
        place = tmp_path / str(scheduler is None)
        (outcome,) = run_jobs([job], {job.data: data}, scheduler, folder=place)
        assert outcome.error is None
        found.append({"figures": outcome.figures, **files_of(outcome.folder)})
    there, here = found
    assert sorted(there) == sorted(here)
    assert [name for name in there if there[name] != here[name]] == []
    assert "model.tflite" in there


def test_data_go_to_the_cluster_once_and_to_each_worker_once(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    scatter = client_side.Client.scatter
    monkeypatch.setattr(
        client_side.Client,
        "scatter",
        lambda client, data, **options: sent.extend(data) or scatter(client, data, **options),
    )
    data = Loaded(str(tmp_path / "log"))
    jobs = [toy_job(seed, "print", seconds=0.2) for seed in range(8)]
    with closing(run_jobs(jobs, {"print": data}, cluster.address, folder=tmp_path / "a")) as one:
        next(one)
        others = [toy_job(seed, "print", seconds=0.2) for seed in range(8, 12)]
        assert len(done(others, cluster, tmp_path / "b", data)) == 4  # another client
        assert len(list(one)) == 7
    assert sent == ["data-print"]
    processes = begun(tmp_path / "log")
    assert len(processes) == len(set(processes)) == 2


def test_two_clients_without_a_shared_disk_do_the_same_job_once(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    jobs = [toy_job(seed, log=str(tmp_path / f"log-{seed}"), seconds=0.5) for seed in range(4)]
    found: list[dict[int, Outcome]] = []
    clients = [
        threading.Thread(
            target=lambda name=name: found.append(done(jobs, cluster, tmp_path / name))
        )
        for name in ("a", "b")
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert [len(outcomes) for outcomes in found] == [4, 4]
    assert [len(begun(tmp_path / f"log-{seed}")) for seed in range(4)] == [1] * 4


def test_a_worker_that_is_killed_has_its_job_done_elsewhere(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    """It had the data, too."""
    log = tmp_path / "log"
    extra = cluster.start_worker()
    cluster.wait_for_workers()
    jobs = [toy_job(seed, "print", log=f"{log}-{seed}", seconds=3) for seed in range(3)]
    killer = threading.Thread(
        target=_kill_when_busy, args=(extra, [f"{log}-{n}" for n in range(3)])
    )
    killer.start()
    outcomes = done(jobs, cluster, tmp_path / "jobs", "data")
    killer.join()
    assert [outcomes[seed].figures["twice"] for seed in range(3)] == [0, 2, 4]
    assert sum(len(begun(f"{log}-{seed}")) for seed in range(3)) == 4


def _kill_when_busy(worker: Any, logs: list[str]) -> None:
    def busy() -> list[int]:
        own = {child.pid for child in psutil.Process(worker.pid).children(recursive=True)}
        pids = [pid for log in logs if Path(log).exists() for pid in begun(log)]
        return [pid for pid in pids if pid in own]

    until(busy, 30)
    kill(worker)


def test_a_job_that_takes_all_memory_is_named_and_the_others_go_on(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    large = toy_job(1, allocates=MEMORY + 500_000_000, seconds=5)
    outcomes = done([large, toy_job(2)], cluster, tmp_path)
    assert outcomes[2].figures["twice"] == 4
    error = outcomes[1].error
    assert error is not None
    assert "job 1 failed: its worker died 4 times (more memory" in error.what
    assert f"{MEMORY:,} bytes" in error.why


def test_interrupted_nothing_goes_on_and_what_is_done_is_kept(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    jobs = [toy_job(1), *(toy_job(seed, log=str(log), seconds=600) for seed in (2, 3))]
    with closing(run_jobs(jobs, {}, cluster.address, folder=tmp_path / "jobs")) as outcomes:
        assert next(outcomes).job.seed == 1
        until(lambda: log.exists() and len(begun(log)) == 2)
    for process in begun(log):
        until(lambda process=process: is_gone(process))
    assert done(jobs[:1], cluster, tmp_path / "jobs")[1].done_before


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages with which Python takes another version of NumPy for installed."""
    folder = tmp_path_factory.mktemp("older")
    about = folder / "numpy-1.0.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n", "utf-8")
    return folder


def test_a_worker_with_other_versions_is_refused_by_name(
    cluster: DaskCluster, older: Path, tmp_path: Path
) -> None:
    worker = cluster.start_worker(older)
    cluster.wait_for_workers()
    with pytest.raises(MismatchError, match=r"numpy is 1\.0 there and 2\.\S+ here\.\n") as refused:
        done([toy_job(1)], cluster, tmp_path)
    assert "tcp://127.0.0.1" in refused.value.what
    kill(worker)


def test_a_worker_that_comes_later_with_other_versions_does_no_job(
    older: Path, tmp_path: Path
) -> None:
    with dask_cluster(tmp_path, workers=0) as empty:

        def jobs() -> Iterator[Job | None]:
            yield None  # the client is there, and has found no worker to ask
            empty.start_worker(older)
            yield toy_job(1)

        (outcome,) = run_jobs(jobs(), {}, empty.address, folder=tmp_path / "jobs")
    assert outcome.error is not None
    assert "numpy is 1.0 there" in outcome.error.what
    assert outcome.error.exit_code == ExitCode.MISMATCH


def test_ctrl_c_says_how_many_folds_are_kept_and_ends_the_others(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    for take in takes(("flex", "punch"), ("anna", "ben"), each=6):
        save_recording(take, tmp_path / "data" / "two" / f"{take.name}.csv")
    (tmp_path / "small.yaml").write_text(CONFIG, "utf-8")
    words = ("evaluate", "small.yaml", "--protocol", "kfold", "--scheduler", cluster.address)
    with running(*words, cwd=tmp_path) as command:
        assert command.stderr is not None
        until(lambda: "training" in command.stderr.readline())
        command.send_signal(signal.SIGINT)
        out, err = command.communicate()
    assert command.returncode == ExitCode.INTERRUPTED, out + err
    assert "of 2 folds are kept" in err


def test_a_scheduler_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_side, "CONNECT_S", 0.5)
    with refuses("The scheduler tcp://127.0.0.1:1 does not answer", ExitCode.FAILED):
        list(run_jobs([toy_job(1)], {}, "tcp://127.0.0.1:1", folder=tmp_path))


def test_slurm_is_asked_for_workers_by_what_dasks_config_says(tmp_path: Path) -> None:
    """The config and the command of docs/cluster.md; nothing is submitted."""
    page = (PROJECT / "docs" / "cluster.md").read_text("utf-8")
    settings = "jobqueue:" + page.split("```yaml\njobqueue:")[1].split("```")[0]
    (tmp_path / "jobqueue.yaml").write_text(settings, "utf-8")
    code = page.split("python -c '")[1].split("'")[0]
    script = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DASK_CONFIG": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "#SBATCH --mem=15G" in script
    assert "#SBATCH -A my-group" in script
    assert "distributed.cli.dask_worker tcp://" in script
    assert "--nthreads 1 " in script
    assert "--nworkers 8 " in script


def test_a_cluster_of_a_class_starts_grows_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [toy_job(seed, log=str(log), seconds=0.2) for seed in range(3)]
    ended = list(run_jobs(jobs, {}, "distributed.LocalCluster", folder=tmp_path / "jobs"))
    assert sorted(one.figures["twice"] for one in ended) == [0, 2, 4]
    for process in begun(log):
        until(lambda process=process: is_gone(process), 30)


@pytest.mark.parametrize("name", ["dask_jobqueue.SLUMCluster", "nowhere.Cluster", "host:8786"])
def test_a_cluster_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with refuses(f"`--scheduler {name}` cannot be used", ExitCode.USAGE):
        list(run_jobs([toy_job(1)], {}, name, folder=tmp_path))
