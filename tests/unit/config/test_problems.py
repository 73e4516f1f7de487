from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import Loaded, load_text
from understudy.model.errors import ConfigError, Problem

HEAD = "listen: 127.0.0.1\nzones: {example.com: {file: z}}\n"
"""Two lines, so that what a test writes begins in line 3."""


def load_in(folder: Path, text: str) -> Loaded:
    (folder / "z").touch()
    return load_text(text, folder / "u.yaml")


def refusal(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_in(folder, text)
    return caught.value.problems


def places(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.line}:{problem.column} {problem.code}" for problem in problems]


ALONE = [
    # the file
    ("", ["1:1 key.missing"]),
    ("[1, 2]", ["1:1 document.bad"]),
    ("listen", ["1:1 document.bad"]),
    ("listen: 127.0.0.1\n---\nlisten: 127.0.0.2", ["2:1 yaml.documents"]),
    ("listen: 127.0.0.1\nlisten: 127.0.0.2", ["2:1 key.duplicate"]),
    ("listen: [127.0.0.1\n", ["2:1 yaml.syntax"]),
    ("listen: 127.0.0.1\n\tzones: {}", ["2:1 yaml.syntax"]),
    ("listen: *nowhere", ["1:9 yaml.alias"]),
    ("listen: &a [*a]", ["1:13 yaml.alias"]),
    ("listen: !!python/object:os.system ls", ["1:9 yaml.tag"]),
    ("? [a, b]\n: c\nlisten: 127.0.0.1", ["1:3 yaml.key"]),
    ("listen: \x01", ["1:9 yaml.character"]),
    ("<<: 5\nlisten: 127.0.0.1", ["1:5 yaml.merge"]),
    (f"listen: {'[' * 40}", ["1:41 yaml.depth"]),
    # the node
    ("listen:", ["1:8 value.type"]),
    ("listen: []", ["1:9 value.empty"]),
    ("listen: localhost", ["1:9 listen.bad"]),
    ("listen: [127.0.0.1, localhost:53]", ["1:21 listen.bad"]),
    ("listen: 127.0.0.1:70000", ["1:9 listen.bad"]),
    ('listen: "[::1:53"', ["1:9 listen.bad"]),
    ("listen: 224.0.0.1", ["1:9 listen.bad"]),
    ("listen: 53", ["1:9 value.type"]),
    ("listen: [127.0.0.1, 127.0.0.1:53]", ["1:21 listen.duplicate"]),
    ("listen: 127.0.0.1\nversion: 2", ["2:10 version.unknown"]),
    ("listen: 127.0.0.1\nversion: true", ["2:10 version.unknown"]),
    ("listen: 127.0.0.1\nlissten: 127.0.0.2", ["2:1 key.unknown"]),
    ("listen: 127.0.0.1\nstate_dir: 5", ["2:12 value.type"]),
    ("listen: 127.0.0.1\napi: {listen: 127.0.0.1:8053}", ["2:15 feature.later"]),
    ("listen: 127.0.0.1\nkeys: [corp]", ["2:7 value.type"]),
    ("listen: 127.0.0.1\nserver: {threads: 0}", ["2:19 value.range"]),
    ("listen: 127.0.0.1\nserver: {threads: '2'}", ["2:19 value.type"]),
    ("listen: 127.0.0.1\nserver: {threads: true}", ["2:19 value.type"]),
    ("listen: 127.0.0.1\nserver:\n  - threads", ["2:1 value.type"]),
    ("listen: 127.0.0.1\nlimits: {probe_rate: 0}", ["2:22 value.range"]),
    # zones
    ("listen: 127.0.0.1\nzones: [a]", ["2:8 value.type"]),
    ("listen: 127.0.0.1\nzones: {a..b: {file: z}}", ["2:9 name.bad"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {file: z}\n  A.B.: {file: z}", ["4:3 name.duplicate"]),
    ("listen: 127.0.0.1\nzones:\n  a.b:", ["3:7 key.missing"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {}", ["3:8 key.missing"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: z", ["3:8 value.type"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {flie: z, file: z}", ["3:9 key.unknown"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: dynamic, import: z}", ["3:17 feature.later"]),
    (
        "listen: 127.0.0.1\nzones:\n  a.b: {source: transfer, primaries: [192.0.2.1], key: k}",
        ["3:56 reference.unknown"],
    ),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: transfer}", ["3:8 key.missing"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: transfer, primaries: []}", ["3:38 value.empty"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: transfer, primaries: [ns.example]}", ["3:39 server.bad"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: transfer, primaries: ['fe80::53']}", ["3:39 server.bad"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: transfer, primaries: [192.0.2.1], file: z}", ["3:57 zone.source"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {file: z, primaries: [192.0.2.1]}", ["3:29 zone.source"]),
    ("listen: 127.0.0.1\nzones:\n  a.b: {source: fiel, file: z}", ["3:17 value.choice"]),
]

BELOW_HEAD = [
    # checks
    ("checks: 5", ["3:9 value.type"]),
    ("checks: {a.b: tcp:80}", ["3:10 name.bad"]),
    ("checks: {web: 5}", ["3:15 check.bad"]),
    ("checks: {web: tpc:80}", ["3:15 check.kind"]),
    ("checks: {web: nowhere}", ["3:15 reference.unknown"]),
    ("checks: {web: tcp:80000}", ["3:15 check.value"]),
    ("checks: {web: {tpc: 80}}", ["3:16 check.kind"]),
    ("checks: {web: {interval: 5s}}", ["3:15 check.kind"]),
    ("checks: {web: {tcp: 80, udp: 53}}", ["3:25 check.kind"]),
    ("checks: {web: {tcp: 80, intervall: 5s}}", ["3:25 key.unknown"]),
    ("checks: {web: {http: 'http://x/', expect: {statsu: 200}}}", ["3:44 key.unknown"]),
    ("checks: {web: {tcp: 80, interval: soon}}", ["3:35 duration.bad"]),
    ("checks: {web: {tcp: 80, interval: -5s}}", ["3:35 duration.bad"]),
    ("checks: {web: {tcp: 80, interval: yes}}", ["3:35 duration.bad"]),
    ("checks: {web: {tcp: 80, interval: 2h}}", ["3:35 duration.range"]),
    ("checks: {web: {tcp: 80, interval: 50ms}}", ["3:35 duration.range"]),
    ("checks: {web: {http: 'http://x/', interval: 500ms}}", ["3:45 interval.too-short"]),
    ("checks: {web: {tcp: 80, timeout: 11s}}", ["3:34 timeout.too-long"]),
    ("checks: {web: {tcp: 80, recheck_interval: 20s}}", ["3:43 recheck_interval.too-long"]),
    ("checks: {web: {tcp: 80, stale_after: 5s}}", ["3:38 stale_after.too-short"]),
    ("checks: {web: {tcp: 80, fall: 0}}", ["3:31 value.range"]),
    ("checks: {web: {tcp: 80, rise: 2.5}}", ["3:31 value.type"]),
    ("checks: {web: {tcp: 80, jitter: 60%}}", ["3:33 value.range"]),
    ("checks: {web: {tcp: 80, monitors: [paris]}}", ["3:36 monitor.unknown"]),
    ("checks: {web: {tcp: 80, monitors: [local, local]}}", ["3:43 monitor.duplicate"]),
    ("checks: {web: {tcp: 80, quorum: most}}", ["3:33 quorum.bad"]),
    ("checks: {web: {tcp: 80, quorum: {count: }}}", ["3:33 quorum.bad"]),
    ("checks: {web: {tcp: 80, quorum: {count: 2}}}", ["3:33 quorum.too-large"]),
    ("checks: {web: {tcp: 80, quorum: {percent: 100}}}", ["3:43 value.range"]),
    ("checks: {web: {tcp: 80, min_live: 2}}", ["3:35 min_live.too-large"]),
    ("checks: {a: {all_of: []}}", ["3:22 check.composition"]),
    ("checks: {a: {all_of: tcp:80}}", ["3:22 check.composition"]),
    ("checks: {a: {at_least: 2}}", ["3:13 check.composition"]),
    ("checks: {a: {at_least: 3, of: [tcp:80, tcp:81]}}", ["3:24 check.composition"]),
    ("checks: {a: {at_least: two, of: [tcp:80, tcp:81]}}", ["3:24 check.composition"]),
    ("checks: {a: {all_of: [tcp:80], interval: 5s}}", ["3:32 check.composition"]),
    ("checks: {a: {all_of: [tcp:80], any_of: [tcp:81]}}", ["3:32 check.composition"]),
    ("checks: {a: {all_of: [tcp:80], sum: 5s}}", ["3:32 key.unknown"]),
    ("checks: {a: {all_of: [tcp:80, b]}}", ["3:31 reference.unknown"]),
    ("checks: {a: {all_of: [a]}}", ["3:23 check.cycle"]),
    ("checks:\n  a: {all_of: [b]}\n  b: {any_of: [c, tcp:80]}\n  c: {all_of: [a, tcp:81]}", ["6:16 check.cycle"]),
    ("checks:\n  a: b\n  b: a", ["5:6 check.cycle"]),
    # pools
    ("pools: {a: []}", ["3:12 value.empty"]),
    ("pools: {a: }", ["3:11 key.missing"]),
    ("pools: {a: 192.0.2.1}", ["3:12 value.type"]),
    ("pools: {a.b: [192.0.2.1]}", ["3:9 name.bad"]),
    ("pools: {a: [192.0.2.256]}", ["3:13 endpoint.bad"]),
    ("pools: {a: [192.0.2.1:80]}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['[::1]:80']}", ["3:13 endpoint.bad"]),
    ("pools: {a: [192.0.2.0/24]}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['http://x.example/']}", ["3:13 endpoint.bad"]),
    ("pools: {a: [0.0.0.0]}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['ff02::1']}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['fe80::1%eth0']}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['fe80::1']}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['::ffff:192.0.2.1']}", ["3:13 endpoint.bad"]),
    ("pools: {a: [web1]}", ["3:13 endpoint.bad"]),
    ("pools: {a: ['*.example.com']}", ["3:13 endpoint.bad"]),
    ("pools: {a: [5]}", ["3:13 value.type"]),
    ("pools: {a: [192.0.2.1, 192.0.2.2, 192.0.2.1]}", ["3:35 endpoint.duplicate"]),
    ("pools: {a: [a.example.net, A.example.net.]}", ["3:28 endpoint.duplicate"]),
    ("pools: {a: [192.0.2.1, a.example.net]}", ["3:24 pool.mixed"]),
    ("pools: {a: [{address: 192.0.2.1, wieght: 3}]}", ["3:34 key.unknown"]),
    ("pools: {a: [{weight: 3}]}", ["3:13 key.missing"]),
    ("pools: {a: [{address: 192.0.2.1, weight: -1}]}", ["3:42 value.range"]),
    ("pools: {a: [{address: 192.0.2.1, disabled: 1}]}", ["3:44 value.type"]),
    ("pools: {a: {endpoints: [192.0.2.1], max_withdraw: 3}}", ["3:51 value.type"]),
    ("pools: {a: {endpoints: [192.0.2.1], max_withdraw: {count: 1}}}", ["3:51 key.missing"]),
    ("pools: {a: {endpoints: [192.0.2.1], max_withdraw: {count: 0, window: 1m}}}", ["3:59 value.range"]),
]

RECORDS = [
    ("www.example.com: {}", ["4:20 record.policy"]),
    ("www.example.com:", ["4:19 value.type"]),
    ("www.example.com: {tiers: }", ["4:20 record.policy"]),
    ("www.example.com: {tiers: [[192.0.2.1]], all: [192.0.2.1]}", ["4:43 record.policy"]),
    ("www.example.com: {tiers: []}", ["4:28 value.empty"]),
    ("www.example.com: {tiers: [[]]}", ["4:29 value.empty"]),
    ("www.example.com: {tiers: p}", ["4:28 value.type"]),
    ("www.example.com: {tiers: [p]}", ["4:29 reference.unknown"]),
    ("www.example.com: {tiers: [192.0.2.1]}", ["4:29 pool.bad"]),
    ("www.example.com: {tiers: [5]}", ["4:29 pool.bad"]),
    ("www.example.com: {tiers: [[p]]}", ["4:30 endpoint.bad"]),
    ("www.example.com: {all: p}", ["4:26 reference.unknown"]),
    ("www.example.com: {weighted: [[192.0.2.1], q]}", ["4:45 reference.unknown"]),
    ("www.example.org: {tiers: [[192.0.2.1]]}", ["4:3 record.outside-zones"]),
    ("com: {tiers: [[192.0.2.1]]}", ["4:3 record.outside-zones"]),
    ("w..w.example.com: {tiers: [[192.0.2.1]]}", ["4:3 name.bad"]),
    ("example.com: {tiers: [[192.0.2.1], [a.example.net]]}", ["4:38 endpoint.host-at-apex"]),
    ("example.com: {tiers: [[192.0.2.1]], fallback: [a.example.net]}", ["4:49 endpoint.host-at-apex"]),
    ("www.example.com: {all: [a.example.net, b.example.net]}", ["4:26 endpoint.several-hosts"]),
    ("www.example.com: {all: [[a.example.net], [192.0.2.1]]}", ["4:26 pool.mixed"]),
    ("www.example.com: {all: [192.0.2.1, a.example.net]}", ["4:38 pool.mixed"]),
    ("www.example.com: {weighted: [{address: 192.0.2.1, weight: 0}]}", ["4:31 weighted.all-zero"]),
    ("www.example.com: {tiers: [[192.0.2.1]], min_healthy: 2}", ["4:56 min_healthy.too-large"]),
    ("www.example.com: {all: [192.0.2.1, 192.0.2.2], min_healthy: 3}", ["4:63 min_healthy.too-large"]),
    ("www.example.com: {tiers: [[192.0.2.1]], min_healthy: 0}", ["4:56 value.range"]),
    ("www.example.com: {tiers: [[192.0.2.1]], ttl: -1}", ["4:48 duration.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], ttl: 1.5}", ["4:48 ttl.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], ttl: 8d}", ["4:48 ttl.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], answers_max: 0}", ["4:56 value.range"]),
    ("www.example.com: {tiers: [[192.0.2.1]], failover_delay: 2d}", ["4:59 duration.range"]),
    ("www.example.com: {tiers: [[192.0.2.1]], failback: atuo}", ["4:53 value.choice"]),
    ("www.example.com: {tiers: [[192.0.2.1]], failback: {mode: auto, dealy: 60s}}", ["4:66 key.unknown"]),
    ("www.example.com: {tiers: [[192.0.2.1]], failback: 5}", ["4:53 value.type"]),
    ("www.example.com: {tiers: [[192.0.2.1]], on_all_down: explode}", ["4:56 value.choice"]),
    ("www.example.com: {tiers: [[192.0.2.1]], fallback: p}", ["4:53 reference.unknown"]),
    ("www.example.com: {tiers: [[192.0.2.1]], fallback: 192.0.2.9}", ["4:53 pool.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: web}", ["4:50 reference.unknown"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: []}", ["4:50 value.empty"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: [tcp:80, tcp:0]}", ["4:59 check.value"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: {tcp: 80, interval: 0s}}", ["4:70 duration.range"]),
    ("www.example.com: {tiers: [[192.0.2.1]], require: any}", ["4:52 require.without-check"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: tcp:80, require: {at_least: 2}}", ["4:67 require.too-large"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: tcp:80, require: most}", ["4:67 require.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], check: tcp:80, require: {at_least: }}", ["4:67 require.bad"]),
    ("www.example.com: {tiers: [[192.0.2.1]], geo: {}}", ["4:43 key.unknown"]),
]


@pytest.mark.parametrize(("text", "expected"), ALONE)
def test_a_problem_is_told_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert places(refusal(tmp_path, text)) == expected


@pytest.mark.parametrize(("text", "expected"), BELOW_HEAD)
def test_a_problem_in_an_object_is_told_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert places(refusal(tmp_path, HEAD + text)) == expected


@pytest.mark.parametrize(("text", "expected"), RECORDS)
def test_a_problem_in_a_record_is_told_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert places(refusal(tmp_path, f"{HEAD}records:\n  {text}")) == expected


def test_all_problems_are_told_at_once_in_file_order_with_what_to_do(tmp_path: Path) -> None:
    text = (
        "listen: nowhere\nzones: {example.com: {file: z}}\npools: {near: [192.0.2.1, 192.0.2.1]}\n"
        "records:\n  www.example.com: {tiers: [naer], check: tcp:80, tll: 5}\n  www.example.org: {tiers: [near]}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_in(tmp_path, text)

    file = tmp_path / "u.yaml"
    assert [str(problem) for problem in caught.value.problems] == [
        (
            f"{file}:1:9: listen.bad: 'nowhere' is no address to listen on"
            ' (write 127.0.0.1:5300, 0.0.0.0:53 or "[::]:53")'
        ),
        (
            f"{file}:3:27: endpoint.duplicate: 192.0.2.1 stands in pool 'near' twice"
            " (leave one out; a weight says how much it gets)"
        ),
        f"{file}:5:29: reference.unknown: there is no pool 'naer' (did you mean 'near'?)",
        f"{file}:5:51: key.unknown: the key 'tll' is not known here (did you mean 'ttl'?)",
        (
            f"{file}:6:3: record.outside-zones: www.example.org is in none of the zones of this file"
            " (add its zone, such as example.org, to zones)"
        ),
    ]


def test_a_value_behind_two_aliases_is_one_problem(tmp_path: Path) -> None:
    text = "pools: {a: &a [192.0.2.300], b: *a, c: *a}"
    with pytest.raises(ConfigError) as caught:
        load_in(tmp_path, HEAD + text)

    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(3, 16)]


@pytest.mark.parametrize("char", ["\u2028", "\u202e", "\x85", "\u200b"])
@pytest.mark.parametrize(
    "text", ["pools: {p: ['a?b']}", "zones: {'a? b': {file: z}}", "checks: {a: 'tcp:?'}", "'?': 1"]
)
def test_a_message_cannot_harm_a_terminal(tmp_path: Path, text: str, char: str) -> None:
    for problem in refusal(tmp_path, f"listen: 127.0.0.1\n{text}".replace("?", char)):
        assert str(problem).isprintable()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pools: {p: 192.0.2.1}", "write [192.0.2.1]"),
        ("records: {www.example.com: {tiers: near}}", "write [near]"),
        ("records: {www.example.com: {tiers: [192.0.2.1]}}", "write [192.0.2.1] for a tier of one endpoint"),
        ("checks: {web: {htp: 80}}", "did you mean 'http'?"),
        ("pools: {near: [192.0.2.1]}\nrecords: {www.example.com: {tiers: [neer]}}", "did you mean 'near'?"),
        ("records: {www.example.com: {tiers: [[192.0.2.1]], on_all_dwon: nodata}}", "did you mean 'on_all_down'?"),
        ("checks: {web: {tcp: 80, timout: 1s}}", "did you mean 'timeout'?"),
        ("pools: {p: ['192.0.2.1:80']}", "write 192.0.2.1; the port stands in the check"),
        ("server: {busy_poll: abc}", "from 0s to 1ms, such as 100us"),
        ("checks: {web: {tcp: 80, interval: soon}}", "from 100ms to 1h, such as 1s, 10s, 1m"),
        (
            "records: {www.example.com: {tiers: [[192.0.2.1]], ttl: soon}}",
            "whole seconds from 0 to 604800, such as 30 or 5m",
        ),
    ],
)
def test_a_hint_says_what_to_write(tmp_path: Path, text: str, hint: str) -> None:
    assert [problem.hint for problem in refusal(tmp_path, HEAD + text)] == [hint]


def test_a_zone_that_is_only_a_file_is_told_how_to_say_so(tmp_path: Path) -> None:
    problems = refusal(tmp_path, "listen: 127.0.0.1\nzones: {example.com: z}")

    assert [problem.hint for problem in problems] == ["write {file: z}"]


def test_a_message_stays_readable_whatever_is_written(tmp_path: Path) -> None:
    problems = refusal(tmp_path, f"{HEAD}pools: {{p: [{'x' * 3000}]}}")

    assert len(problems) == 1
    assert len(problems[0].message) <= 400


@pytest.mark.parametrize("file", ["nowhere", "."])
def test_a_missing_zone_file_is_told_with_its_place_but_is_no_fault_of_the_configuration(
    tmp_path: Path, file: str
) -> None:
    loaded = load_in(tmp_path, f"listen: 127.0.0.1\nzones:\n  a.b: {{file: {file}}}")
    assert places(loaded.missing) == ["3:15 zone.file-missing"]


def test_a_missing_zone_file_is_told_beside_the_faults_of_the_configuration(tmp_path: Path) -> None:
    problems = refusal(tmp_path, "listen: 127.0.0.1\nzones:\n  a.b: {file: nowhere}\npools: {p: []}")
    assert "3:15 zone.file-missing" in places(problems)
