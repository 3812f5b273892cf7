"""A port that `.env` may name never moves by itself."""

from __future__ import annotations

import socket

import pytest

from ops.errors import NotReady
from ops.provision.ports import choose, is_free


def test_a_new_server_takes_the_first_free_port_of_its_own() -> None:
    first = choose(0, 0, False, "one", lambda port: True)
    assert choose(0, 0, False, "one", lambda port: True) == first
    assert choose(0, 0, False, "one", lambda port: port != first) == first + 1
    assert 15432 <= first < 16432


def test_a_port_is_kept_once_the_server_was_complete() -> None:
    assert choose(0, 15500, True, "one", lambda port: True) == 15500


def test_a_kept_port_that_is_taken_is_an_error_and_no_other_is_tried() -> None:
    with pytest.raises(NotReady, match=r"port 15500 on 127\.0\.0\.1 is taken") as told:
        choose(0, 15500, True, "one", lambda port: port != 15500)
    assert "--port" in told.value.hint


def test_a_port_of_a_server_that_was_never_complete_may_change() -> None:
    other = choose(0, 15500, False, "one", lambda port: port != 15500)
    assert other != 15500


def test_a_port_asked_for_goes_before_the_kept_one() -> None:
    assert choose(6000, 15500, True, "one", lambda port: True) == 6000


def test_a_listening_program_takes_a_port() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        other.listen()
        assert not is_free(port)
    assert is_free(port)
