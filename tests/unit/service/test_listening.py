"""Which addresses are free."""

import socket

import pytest

from understudy.model.errors import EngineError
from understudy.service.listening import require_free
from understudy.testing.ports import free_port


def bound(kind: socket.SocketKind, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # both, as the engine does
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
    taken.bind((host, port))
    if kind is socket.SOCK_STREAM:
        taken.listen()
    return taken


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_another_program_shares_is_refused_all_the_same(kind: socket.SocketKind, wanted: str) -> None:
    with bound(kind) as taken, pytest.raises(EngineError) as caught:
        require_free([f"{wanted}:{taken.getsockname()[1]}"])
    assert caught.value.code == "engine.bind"
    assert "another program listens there" in caught.value.hint


def test_what_this_process_listens_on_is_not_judged() -> None:
    with bound(socket.SOCK_DGRAM) as taken:
        port = taken.getsockname()[1]
        require_free([f"0.0.0.0:{port}"], own=[f"127.0.0.1:{port}"])
        require_free([f"127.0.0.1:{port}"], own=[f"0.0.0.0:{port}"])
        with pytest.raises(EngineError):
            require_free([f"127.0.0.1:{port}"], own=[f"127.0.0.2:{port}", f"[::]:{port}", f"127.0.0.1:{port - 1}"])


def test_a_free_port_is_left_free() -> None:
    port = free_port()
    require_free([f"127.0.0.1:{port}", "127.0.0.1:0"])
    with socket.socket(type=socket.SOCK_DGRAM) as mine:
        mine.bind(("127.0.0.1", port))


def test_a_connection_that_has_just_ended_does_not_hold_the_port() -> None:
    with bound(socket.SOCK_STREAM, port=free_port()) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = server.accept()
            accepted.close()  # the server closes first: TIME_WAIT is on its side
            client.recv(1)
    require_free([f"127.0.0.1:{address[1]}"])


def test_an_address_of_no_interface_says_so() -> None:
    with pytest.raises(EngineError) as caught:
        require_free(["192.0.2.1:5300"])
    assert "no interface of this machine" in caught.value.hint


def test_addresses_of_both_families_are_understood() -> None:
    try:
        with bound(socket.SOCK_DGRAM, "::1") as taken, pytest.raises(EngineError):
            require_free([f"[::1]:{taken.getsockname()[1]}"])
    except OSError:
        pytest.skip("this machine has no IPv6")
