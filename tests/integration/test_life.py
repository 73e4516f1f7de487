"""A server's life: start, failover, reload, restart, crash, damage, refusal."""

import signal
import time
from pathlib import Path
from typing import Any, cast

import pytest

from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

PRIMARY, BACKUP = ["127.0.0.2"], ["127.0.0.3"]
NAME = "www.example.com"


def status(server: RunningServer) -> dict[str, Any]:
    return cast("dict[str, Any]", server.json("status"))


def states(server: RunningServer) -> dict[str, str]:
    return {each["endpoint"]: each["state"] for each in status(server)["endpoints"]}


def settle(server: RunningServer) -> None:
    wait_until(lambda: set(states(server).values()) == {"up"}, "both endpoints known to be up")


def test_it_says_one_line_when_it_is_ready_and_leaves_cleanly(server: RunningServer) -> None:
    line = server.start()
    assert line == f"understudy is ready on 127.0.0.1:{server.port}: 1 zone, 1 steered record\n"
    assert server.addresses("plain.example.com") == ["192.0.2.1"]
    assert server.stop() == 0
    assert not (server.folder / "state" / "understudy.sock").exists()


def test_a_name_moves_when_its_server_dies_and_returns_after_its_hold(server: RunningServer, web: WebServers) -> None:
    server.start()
    settle(server)
    assert server.addresses(NAME) == PRIMARY
    web.stop("127.0.0.2")
    wait_until(lambda: server.addresses(NAME) == BACKUP, "the name moves")
    web.start("127.0.0.2")
    back = wait_until(lambda: server.addresses(NAME) == PRIMARY, "the name returns")
    assert back >= 2 * 2, "one fall within 30 min doubles the failback delay of 2 s"


def test_a_wrong_status_is_a_failure_as_well(server: RunningServer, web: WebServers) -> None:
    server.start()
    settle(server)
    web.stop("127.0.0.2")
    web.start("127.0.0.2", status=503)
    wait_until(lambda: server.addresses(NAME) == BACKUP, "the name moves")
    verdict = next(each for each in status(server)["endpoints"] if each["endpoint"] == "127.0.0.2")["verdicts"][0]
    assert "503" in verdict["text"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_answers_at_once_what_was_answered_before(
    server: RunningServer, web: WebServers, how: signal.Signals
) -> None:
    server.start()
    settle(server)
    web.stop("127.0.0.2")
    wait_until(lambda: server.addresses(NAME) == BACKUP, "the name moves")
    time.sleep(4)  # a crash may cost what was observed in the last two seconds
    server.stop(how)
    server.start()
    assert server.addresses(NAME) == BACKUP


def test_a_changed_file_is_in_force_by_itself_and_keeps_verdicts(server: RunningServer) -> None:
    server.start()
    settle(server)
    before = {each["endpoint"]: each["since"] for each in status(server)["endpoints"]}
    text = (server.folder / "understudy.yaml").read_text()
    server.write("understudy.yaml", text.replace("[[127.0.0.2], [127.0.0.3]]", "[[127.0.0.3], [127.0.0.2]]"))
    wait_until(lambda: server.addresses(NAME) == BACKUP, "the new order is in force")
    assert {each["endpoint"]: each["since"] for each in status(server)["endpoints"]} == before


def test_sighup_reloads_and_a_changed_zone_is_served(server: RunningServer) -> None:
    server.start()
    zone = (server.folder / "example.com.zone").read_text()
    server.write("example.com.zone", zone.replace("192.0.2.1", "192.0.2.77"))
    server.hang_up()
    wait_until(lambda: server.addresses("plain.example.com") == ["192.0.2.77"], "the new zone")


def test_a_bad_reload_changes_nothing_and_says_why(server: RunningServer) -> None:
    server.start()
    settle(server)
    text = (server.folder / "understudy.yaml").read_text()
    server.write("understudy.yaml", text.replace("interval: 1s", "intervall: 1s").replace("tiers:", "teirs:"))
    reload = server.run("reload")
    assert reload.returncode == 1
    assert "understudy.yaml:5:" in reload.stderr
    assert "'interval'" in reload.stderr
    assert "'tiers'" in reload.stderr
    assert server.addresses(NAME) == PRIMARY
    server.write("understudy.yaml", text)
    assert server.run("reload").returncode == 0


def test_a_bad_zone_keeps_the_last_good_version_with_an_alarm(server: RunningServer) -> None:
    server.start()
    zone = (server.folder / "example.com.zone").read_text()
    server.write("example.com.zone", zone + "broken IN A 300.1.2.3\n")
    wait_until(lambda: any("example.com" in each["text"] for each in status(server)["alarms"]), "an alarm")
    assert server.addresses("plain.example.com") == ["192.0.2.1"]
    alarm = next(each["text"] for each in status(server)["alarms"] if "example.com" in each["text"])
    assert "example.com.zone:7:" in alarm
    server.write("example.com.zone", zone.replace("192.0.2.1", "192.0.2.2"))
    wait_until(lambda: server.addresses("plain.example.com") == ["192.0.2.2"], "the mended zone")
    assert not [each for each in status(server)["alarms"] if each["key"].startswith("zone/")]


def test_a_broken_zone_at_start_does_not_take_the_others_down(server: RunningServer) -> None:
    text = (server.folder / "understudy.yaml").read_text()
    server.write("understudy.yaml", text.replace("zones:\n", "zones:\n  other.example: {file: other.zone}\n"))
    server.write("other.zone", "this is no zone\n")
    server.start()
    assert server.addresses("plain.example.com") == ["192.0.2.1"]
    assert any("other.example" in each["text"] for each in status(server)["alarms"])


def test_a_damaged_state_file_is_set_aside_with_an_alarm(server: RunningServer) -> None:
    server.start()
    settle(server)
    server.stop()
    database = server.folder / "state" / "understudy.db"
    database.write_bytes(b"this is no database" * 1000)
    server.start()
    assert server.addresses(NAME) == PRIMARY
    assert any("damaged" in each["text"] for each in status(server)["alarms"])
    assert list(database.parent.glob("understudy.db.damaged-*"))


def test_a_second_server_on_the_same_state_is_refused(server: RunningServer, tmp_path: Path) -> None:
    server.start()
    second = RunningServer(tmp_path, server.port)
    with pytest.raises(RuntimeError, match="belongs to a running server"):
        second.start()


def test_a_second_server_on_the_same_port_is_refused(server: RunningServer, tmp_path: Path) -> None:
    server.start()
    folder = tmp_path / "second"
    folder.mkdir()
    second = RunningServer(folder, server.port)
    second.write("understudy.yaml", (server.folder / "understudy.yaml").read_text())
    second.write("example.com.zone", (server.folder / "example.com.zone").read_text())
    with pytest.raises(RuntimeError, match="another program listens there"):
        second.start()


def test_an_override_survives_a_restart_and_ends_with_its_release(server: RunningServer) -> None:
    server.start()
    settle(server)
    assert server.run("drain", "127.0.0.2", "--reason", "new kernel", "--for", "1h").returncode == 0
    assert server.addresses(NAME) == BACKUP
    server.stop()
    server.start()
    assert server.addresses(NAME) == BACKUP
    assert "new kernel" in server.run("status").stdout
    assert server.run("release", "127.0.0.2").returncode == 0
    wait_until(lambda: server.addresses(NAME) == PRIMARY, "up for the failback delay (semantics 3.5), it returns")


def test_draining_the_last_endpoint_is_refused_unless_forced(server: RunningServer) -> None:
    server.start()
    settle(server)
    assert server.run("drain", "127.0.0.2").returncode == 0
    refused = server.run("drain", "127.0.0.3")
    assert refused.returncode == 1
    assert "--even-so" in refused.stderr
    assert server.addresses(NAME) == BACKUP
    assert server.run("drain", "127.0.0.3", "--even-so").returncode == 0
    assert server.addresses(NAME) == []
    answer = server.ask(NAME)
    assert answer.rcode() == 0
    # No longer than the addresses themselves, though the zone's own negative TTL is 60.
    assert answer.authority[0].ttl == 30


def test_commands_say_how_to_reach_a_server_that_is_not_there(server: RunningServer) -> None:
    seen = server.run("status")
    assert seen.returncode == 3
    assert "understudy serve" in seen.stderr
