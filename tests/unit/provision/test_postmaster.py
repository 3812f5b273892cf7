"""A number in postmaster.pid is ours only when the process was started as our server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ops.provision import postmaster

_FILE = "4711\n/srv/app/.gigops/postgres/data\n1700000000\n15433\n\n127.0.0.1\n   123   456\nready   \n"


def test_a_pid_file_tells_process_port_and_readiness() -> None:
    assert (postmaster.pid_of(_FILE), postmaster.port_of(_FILE)) == (4711, 15433)
    assert postmaster.is_ready(_FILE)
    assert not postmaster.is_ready(_FILE.replace("ready   ", "starting"))


@pytest.mark.parametrize("text", ["", "\n", "0\n", "x\n", "-\n"])
def test_a_torn_pid_file_names_nobody(text: str) -> None:
    assert postmaster.pid_of(text) is None
    assert postmaster.port_of(text) is None


def test_a_stranger_with_the_same_number_is_not_our_server() -> None:
    ours = ("/usr/lib/postgresql/15/bin/postgres", "-p", "15433", "-c", "cluster_name=gigops-abc")
    assert postmaster.is_ours(ours, "gigops-abc")
    assert not postmaster.is_ours(ours, "gigops-abcd")
    assert not postmaster.is_ours(("/usr/bin/vim", "notes about gigops-abc"), "gigops-abc")
    assert not postmaster.is_ours((), "gigops-abc")


def test_taking_the_number_away_keeps_the_line_that_guards_the_shared_memory() -> None:
    changed = postmaster.of_nobody(_FILE)
    pid = postmaster.pid_of(changed)
    assert pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert changed.splitlines()[1:] == _FILE.splitlines()[1:]


def test_a_process_is_known_by_the_words_it_was_started_with_until_it_ends() -> None:
    words = [sys.executable, "-c", "print('up', flush=True); input()", "cluster_name=gigops-abc"]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout and child.stdout.readline() == b"up\n"
    assert postmaster.is_ours(postmaster.command_line(child.pid), "gigops-abc")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and still a zombie
    assert postmaster.command_line(child.pid) == ()
    child.communicate()
