"""One daemon per run directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hahub.parent import rundir
from hahub.parent.rundir import RunDirError


def test_the_lock_file_has_the_pid_and_the_directory_is_made(tmp_path: Path) -> None:
    descriptor = rundir.lock(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "hahub.lock").read_text() == f"{os.getpid()}\n"
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_second_one_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    descriptor = rundir.lock(tmp_path)

    with pytest.raises(RunDirError, match=f"a hahub is running here already, pid {os.getpid()}$"):
        rundir.lock(tmp_path)

    os.close(descriptor)
    os.close(rundir.lock(tmp_path))


def test_the_lock_of_a_dead_one_is_waited_for(tmp_path: Path) -> None:
    holder = "import fcntl,os,sys,time; fcntl.flock(3, fcntl.LOCK_EX); print(flush=True); time.sleep(0.5)"
    file = os.open(tmp_path / "hahub.lock", os.O_RDWR | os.O_CREAT)
    os.write(file, b"4194304\n")
    command = f"exec 3<>{tmp_path}/hahub.lock; exec {sys.executable} -c '{holder}'"
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        os.close(rundir.lock(tmp_path))

        assert process.wait(30) == 0
    os.close(file)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RunDirError, match="file/run: Not a directory"):
        rundir.lock(tmp_path / "file" / "run")
