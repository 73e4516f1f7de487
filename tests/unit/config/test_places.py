import socket
from pathlib import Path

from understudy.config.places import default_state_dir, socket_address


def meet(path: Path) -> bytes:
    """Bind, connect, and hear what comes through."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with socket_address(path) as address:
            listener.bind(address)
        listener.listen()
        with socket_address(path) as address:
            client.connect(address)
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"hello")
        return client.recv(5)


def test_a_socket_is_reached_by_its_path(tmp_path: Path) -> None:
    assert meet(tmp_path / "s") == b"hello"


def test_a_socket_in_a_deep_folder_is_reached_as_well(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    assert meet(folder / "understudy.sock") == b"hello"
    assert (folder / "understudy.sock").is_socket()


def test_state_stands_beside_a_configuration_that_is_not_the_systems(tmp_path: Path) -> None:
    assert default_state_dir(tmp_path / "understudy.yaml") == tmp_path / "state"
