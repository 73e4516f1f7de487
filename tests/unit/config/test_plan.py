from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import load_text
from understudy.config.plan import Action, Plan, plan
from understudy.model.verdict import ProbeKey
from understudy.testing.builders import endpoint, probe_key

BASE = """
listen: [127.0.0.1:5300, '[::1]:5300']
server: {threads: 1}
zones: {example.com: {file: z}}
checks:
  web: {http: 'http://www.example.com/', interval: 5s, expect: {status: 200}}
pools:
  near: [192.0.2.1, {address: 192.0.2.2, weight: 5}]
  far: [198.51.100.1]
records:
  www.example.com: {tiers: [near, far], check: web}
  db.example.com: {tiers: [[192.0.2.20], [198.51.100.20]], check: tcp:5432}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "z").touch()
    (tmp_path / "y").touch()
    return tmp_path


def plan_of(folder: Path, *changes: tuple[str, str]) -> Plan:
    after = BASE
    for old, new in changes:
        assert old in after
        after = after.replace(old, new)
    file = folder / "u.yaml"
    return plan(load_text(BASE, file).configuration, load_text(after, file).configuration)


def test_nothing_changes_between_equals(folder: Path) -> None:
    nothing = plan_of(folder)

    assert nothing.is_empty
    assert nothing.lines() == ("nothing changes",)
    assert nothing == Plan((), frozenset(), frozenset(), frozenset(), (), (), ())


def test_another_writing_of_the_same_is_no_change(folder: Path) -> None:
    same = plan_of(
        folder,
        ("check: tcp:5432", "check: {tcp: {port: 5432}, fall: 3}"),
        ("[198.51.100.1]", "{endpoints: [198.51.100.1]}"),
    )

    assert same.is_empty


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("interval: 5s", "interval: 8s", "~ check web: interval 5s -> 8s; stale_after 18s -> 27s"),
        ("status: 200", "body: ok", "~ check web: expect.status [[200, 200]] -> [[200, 399]]; expect.body none -> ok"),
        ("interval: 5s", "interval: 5s, quorum: any", "~ check web: quorum majority -> any"),
        ("weight: 5", "weight: 6", "~ pool near: 192.0.2.2 weight 5 -> weight 6"),
        ("weight: 5", "weight: 5, disabled: true", "~ pool near: 192.0.2.2 weight 5 -> weight 5, disabled"),
        ("far: [198.51.100.1]", "far: [198.51.100.1, 198.51.100.2]", "~ pool far: 198.51.100.2 absent -> weight 1"),
        (
            "near: [192.0.2.1, {address: 192.0.2.2, weight: 5}]",
            "near: [{address: 192.0.2.2, weight: 5}, 192.0.2.1]",
            "~ pool near: order 192.0.2.1, 192.0.2.2 -> 192.0.2.2, 192.0.2.1",
        ),
        (
            "far: [198.51.100.1]",
            "far: {endpoints: [198.51.100.1], max_withdraw: {count: 1, window: 10m}}",
            "~ pool far: max_withdraw none -> 1 in 10m",
        ),
        ("check: web}", "check: web, ttl: 5}", "~ record www.example.com: ttl 30s -> 5s"),
        ("check: web}", "check: web, failback: manual}", "~ record www.example.com: failback.mode auto -> manual"),
        ("check: web}", "check: web, fallback: far}", "~ record www.example.com: fallback none -> far"),
        ("[near, far]", "[far, near]", "~ record www.example.com: pools [near, far] -> [far, near]"),
        ("threads: 1", "threads: 2", "~ node this server: threads 1 -> 2"),
    ],
)
def test_a_changed_key_is_told_with_its_old_and_new_value(folder: Path, old: str, new: str, line: str) -> None:
    assert plan_of(folder, (old, new)).lines()[0] == line


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            "[near, far]",
            "[near, [192.0.2.9]]",
            ("+ pool 2 of www.example.com: 192.0.2.9", "~ record www.example.com: pools [near, far] -> [near, 2]"),
        ),
        (
            "check: web}",
            "check: web, fallback: [192.0.2.9]}",
            (
                "+ pool fallback of www.example.com: 192.0.2.9",
                "~ record www.example.com: fallback none -> fallback",
            ),
        ),
    ],
)
def test_a_pool_without_a_name_is_told_by_its_place(folder: Path, old: str, new: str, lines: tuple[str, str]) -> None:
    assert plan_of(folder, (old, new)).lines()[:2] == lines


def test_objects_that_come_and_go_are_told_by_what_they_are(folder: Path) -> None:
    moved = plan_of(folder, ("  db.example.com:", "  sql.example.com:"))

    assert [(change.action, change.kind, change.name) for change in moved.changes] == [
        (Action.REMOVE, "pool", "db.example.com#1"),
        (Action.REMOVE, "pool", "db.example.com#2"),
        (Action.ADD, "pool", "sql.example.com#1"),
        (Action.ADD, "pool", "sql.example.com#2"),
        (Action.REMOVE, "record", "db.example.com"),
        (Action.ADD, "record", "sql.example.com"),
    ]
    assert str(moved.changes[2]) == "+ pool 1 of sql.example.com: 192.0.2.20"
    assert str(moved.changes[5]) == "+ record sql.example.com: tiers 1, 2 by tcp:5432"
    assert (moved.probes_started, moved.probes_stopped) == (frozenset(), frozenset())


def test_a_changed_zone_file_is_told(folder: Path) -> None:
    assert plan_of(folder, ("file: z", "file: y")).lines() == (
        f"~ zone example.com: file {folder / 'z'} -> {folder / 'y'}",
    )


def test_probes_start_and_stop_with_endpoints(folder: Path) -> None:
    swapped = plan_of(folder, ("far: [198.51.100.1]", "far: [198.51.100.9]"))

    assert swapped.probes_started == {probe_key("198.51.100.9")}
    assert swapped.probes_stopped == {probe_key("198.51.100.1")}
    assert swapped.lines()[-2:] == ("1 probe started", "1 probe stopped")


def test_a_changed_check_redefines_its_probes_and_keeps_their_verdicts(folder: Path) -> None:
    slower = plan_of(folder, ("interval: 5s", "interval: 8s"))

    assert slower.probes_redefined == {probe_key(address) for address in ("192.0.2.1", "192.0.2.2", "198.51.100.1")}
    assert slower.probes_started == slower.probes_stopped == frozenset()
    assert slower.lines()[-1] == "3 probes redefined, keeping their verdicts"


def test_another_check_starts_other_probes(folder: Path) -> None:
    other = plan_of(folder, ("check: tcp:5432", "check: tcp:3306"))

    addresses = ("192.0.2.20", "198.51.100.20")
    assert other.probes_started == {ProbeKey(endpoint(address), "tcp:3306") for address in addresses}
    assert other.probes_stopped == {ProbeKey(endpoint(address), "tcp:5432") for address in addresses}


def test_a_fallback_is_not_probed(folder: Path) -> None:
    assert plan_of(folder, ("check: web}", "check: web, fallback: [203.0.113.1]}")).probes_started == frozenset()


def test_only_addresses_that_differ_are_opened_and_closed(folder: Path) -> None:
    moved = plan_of(folder, ("'[::1]:5300'", "127.0.0.2:5300"))

    assert (moved.addresses_opened, moved.addresses_closed) == (("127.0.0.2:5300",), ("[::1]:5300",))
    assert moved.restart == ()
    assert moved.lines()[-2:] == ("listens on 127.0.0.2:5300", "listens no more on [::1]:5300")


def test_what_needs_a_restart_is_named(folder: Path) -> None:
    changed = plan_of(
        folder, ("threads: 1", "threads: 2, version: x, hostname: y"), ("zones:", "state_dir: other\nzones:")
    )

    assert changed.restart == ("state_dir", "server.threads", "server.version", "server.hostname", "api.socket")
    assert changed.lines()[-1] == f"only after a restart: {', '.join(changed.restart)}"


def test_what_needs_a_restart_is_named_until_it_comes(folder: Path) -> None:
    began, saved = (
        load_text(BASE.replace("threads: 1", server), folder / "u.yaml").configuration
        for server in ("threads: 1", "threads: 2")
    )

    again, taken_back = plan(saved, saved, began=began.node), plan(saved, began, began=began.node)
    assert again.is_empty
    assert again.lines() == ("nothing changes", "only after a restart: server.threads")
    assert taken_back.restart == ()
    assert taken_back.lines() == ("~ node this server: threads 2 -> 1",)
