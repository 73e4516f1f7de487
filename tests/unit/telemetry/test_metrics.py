from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from understudy.model.decision import Mode
from understudy.model.event import Severity
from understudy.model.health import HealthState
from understudy.model.observation import Outcome
from understudy.telemetry.metrics import Metrics, Readings, StoreReadings

EMPTY = Readings(version="0.1.0", started_at=1_700_000_000.0)
BUSY = Readings(
    version="0.1.0",
    started_at=1_700_000_000.0,
    generation=7,
    engine={
        "queries.udp4": 10,
        "queries.tcp6": 2,
        "qtype.A": 11,
        "responses.NOERROR": 9,
        "dropped.malformed": 3,
        "truncated": 1,
        "tcp.accepted": 4,
        "tcp.refused": 5,
        "steered": 8,
        "transfers.axfr": 20,
        "transfers.refused": 21,
        "transfers.octets": 22,
        "novelty.of.next.year": 6,
    },
    answered={("www.example.com", "A"): 12},
    probes={("web", Outcome.PASS): 100, ("web", Outcome.INCONCLUSIVE): 1},
    endpoints={HealthState.UP: 3, HealthState.DOWN: 1},
    records={Mode.NORMAL: 2, Mode.FAIL_OPEN: 1},
    verdict_ages_s={"web": 2.5},
    zones={"example.com": 2026112201},
    events={Severity.ALARM: 2},
    alarms=3,
    transferred={"current": 4, "expired": 1},
    expiries_s={"example.net": 90.5},
    store=StoreReadings(lag_s=0.25, queued=3, dropped=4, failed_writes=5, is_failing=True),
)


def samples(readings: Readings) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = Metrics(lambda: readings).render().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(readings: Readings, name: str, **labels: str) -> float:
    return samples(readings)[(f"understudy_{name}", frozenset(labels.items()))]


def test_what_was_read_is_what_is_rendered() -> None:
    expected = {
        ("build_info", ("version", "0.1.0")): 1,
        ("start_time_seconds",): 1_700_000_000,
        ("generation",): 7,
        ("zone_serial", ("zone", "example.com")): 2026112201,
        ("alarms",): 3,
        ("transferred_zones", ("standing", "current")): 4,
        ("zone_expires_seconds", ("zone", "example.net")): 90.5,
        ("transfers_total", ("outcome", "axfr")): 20,
        ("transfers_total", ("outcome", "refused")): 21,
        ("transfer_octets_total",): 22,
        ("answered_total", ("record", "www.example.com"), ("type", "A")): 12,
        ("events_total", ("severity", "alarm")): 2,
        ("events_total", ("severity", "info")): 0,
        ("queries_total", ("transport", "udp"), ("family", "ipv4")): 10,
        ("queries_total", ("transport", "tcp"), ("family", "ipv6")): 2,
        ("queries_by_type_total", ("type", "A")): 11,
        ("responses_total", ("rcode", "NOERROR")): 9,
        ("dropped_total", ("reason", "malformed")): 3,
        ("truncated_responses_total",): 1,
        ("tcp_connections_total", ("outcome", "accepted")): 4,
        ("tcp_connections_total", ("outcome", "refused")): 5,
        ("steered_responses_total",): 8,
        ("engine_total", ("counter", "novelty.of.next.year")): 6,
        ("probes_total", ("check", "web"), ("outcome", "pass")): 100,
        ("probes_total", ("check", "web"), ("outcome", "inconclusive")): 1,
        ("endpoints", ("state", "up")): 3,
        ("endpoints", ("state", "unknown")): 0,
        ("records", ("mode", "fail_open")): 1,
        ("records", ("mode", "servfail")): 0,
        ("verdict_age_seconds", ("check", "web")): 2.5,
        ("store_lag_seconds",): 0.25,
        ("store_queued",): 3,
        ("store_dropped_total",): 4,
        ("store_failed_writes_total",): 5,
        ("store_failing",): 1,
    }
    rendered = samples(BUSY)
    found = {key: rendered.get((f"understudy_{key[0]}", frozenset(key[1:]))) for key in expected}  # type: ignore[arg-type]  # pairs, as written above
    assert found == expected


def test_a_server_that_has_just_started_shows_every_state_as_zero() -> None:
    for state in HealthState:
        assert value(EMPTY, "endpoints", state=str(state)) == 0
    for mode in Mode:
        assert value(EMPTY, "records", mode=str(mode)) == 0
    assert value(EMPTY, "store_failing") == 0


def test_every_answer_reads_anew() -> None:
    generations = iter((1, 2))
    metrics = Metrics(lambda: replace(EMPTY, generation=next(generations)))
    assert b"understudy_generation 1.0" in metrics.render()
    assert b"understudy_generation 2.0" in metrics.render()


def test_two_servers_in_one_process_do_not_share_numbers() -> None:
    first, second = Metrics(lambda: replace(EMPTY, generation=1)), Metrics(lambda: replace(EMPTY, generation=2))
    assert b"understudy_generation 1.0" in first.render()
    assert b"understudy_generation 2.0" in second.render()


def test_names_are_ours_or_the_process_s() -> None:
    assert {name.split("_")[0] for name, _ in samples(BUSY)} == {"understudy", "process"}
