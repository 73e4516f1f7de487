from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import load_text
from understudy.model.name import Name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "z").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1", ("127.0.0.1:53",)),
        ("127.0.0.1:0", ("127.0.0.1:0",)),
        ("'::1'", ("[::1]:53",)),
        ("'[::1]'", ("[::1]:53",)),
        ("'[::]:5300'", ("[::]:5300",)),
        ("[0.0.0.0:53, '[2001:DB8::0]:53']", ("0.0.0.0:53", "[2001:db8::]:53")),
    ],
)
def test_an_address_to_listen_on_is_normalised(folder: Path, written: str, meant: tuple[str, ...]) -> None:
    assert load_text(f"listen: {written}", folder / "u.yaml").configuration.node.listen == meant


def test_paths_start_at_the_folder_of_the_file(folder: Path) -> None:
    text = "listen: 127.0.0.1\nstate_dir: lib\nzones: {example.com: {file: z}}"
    configuration = load_text(text, folder / "u.yaml").configuration

    assert configuration.node.state_dir == folder / "lib"
    assert configuration.node.api_socket == folder / "lib" / "understudy.sock"
    assert configuration.node.file == folder / "u.yaml"
    assert configuration.zones[Name.parse("example.com")].file == folder / "z"


@pytest.mark.parametrize(
    ("user", "file", "expected"),
    [
        (0, "/etc/understudy/u.yaml", "/var/lib/understudy"),
        (1000, "/etc/understudy/u.yaml", "/etc/understudy/state"),
        (0, "/srv/one/u.yaml", "/srv/one/state"),
    ],
)
def test_the_default_state_folder_is_the_systems_only_for_its_own_file(
    monkeypatch: pytest.MonkeyPatch, user: int, file: str, expected: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert load_text("listen: 127.0.0.1", Path(file)).configuration.node.state_dir == Path(expected)


def test_the_node_has_its_settings(folder: Path) -> None:
    text = """
listen: 127.0.0.1
server: {threads: 2, version: v, hostname: h}
limits: {probe_rate: 5}
api: {socket: /run/s}
"""
    node = load_text(text, folder / "u.yaml").configuration.node

    assert (node.threads, node.version_bind, node.hostname_bind, node.probe_rate_max) == (2, "v", "h", 5.0)
    assert node.api_socket == Path("/run/s")


@pytest.mark.parametrize("section", ["zones", "checks", "pools", "records", "api", "server", "limits"])
def test_an_empty_section_is_none(folder: Path, section: str) -> None:
    assert load_text(f"listen: 127.0.0.1\n{section}:\n", folder / "u.yaml").configuration.records == {}
