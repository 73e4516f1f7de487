"""Metrics in the text format of Prometheus, read in bulk when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from understudy.model.decision import Mode
from understudy.model.event import Severity
from understudy.model.frozen import frozen
from understudy.model.health import HealthState
from understudy.model.observation import Outcome
from understudy.model.watch import ServerState

Labels = TypeVar("Labels", bound=tuple[str, ...])


@frozen
class StoreReadings:
    """How the store's writing goes."""

    lag_s: float = 0.0
    queued: int = 0
    dropped: int = 0
    failed_writes: int = 0
    is_failing: bool = False


@frozen
class Readings:
    """Everything that is measured, at one moment.

    `engine` is what the engine's counters() gives, `answered` counts queries by (record, type). `probes` counts since
    the start by (check, outcome), `events` by severity. `endpoints` and `records` count those in each state now.
    `verdict_ages_s` is the age of each check's oldest verdict; `zones` are the serials of the zones that are served.
    `name_servers` counts the watched ones in each state, `name_server_lags_s` are theirs by (zone, server).
    `alarms` are in force. `transferred` counts the zones from other servers by how they stand, and `expiries_s` says
    how long each is answered without its primaries: 0 for one that has expired.
    """

    version: str
    started_at: float
    generation: int = 0
    engine: Mapping[str, int] = field(default_factory=dict)
    answered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    probes: Mapping[tuple[str, Outcome], int] = field(default_factory=dict)
    endpoints: Mapping[HealthState, int] = field(default_factory=dict)
    records: Mapping[Mode, int] = field(default_factory=dict)
    verdict_ages_s: Mapping[str, float] = field(default_factory=dict)
    zones: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[Severity, int] = field(default_factory=dict)
    store: StoreReadings = field(default_factory=StoreReadings)
    name_servers: Mapping[ServerState, int] = field(default_factory=dict)
    name_server_lags_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    alarms: int = 0
    transferred: Mapping[str, int] = field(default_factory=dict)
    expiries_s: Mapping[str, float] = field(default_factory=dict)


class Metrics:
    """Its own registry: two servers in one process do not see each other's numbers."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_ReadingsCollector(read))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """All metrics now, in version 0.0.4 of the format."""
        return generate_latest(self._registry)


class _ReadingsCollector(Collector):
    """Asks once for everything, so that the numbers of one answer belong together."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time: names are ours alone, and reading may not be possible yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The families of one answer."""
        readings = self._read()
        yield from _server(readings)
        yield from _zones(readings)
        yield from _engine(readings.engine)
        yield from _failover(readings)
        yield from _store(readings.store)


def _server(readings: Readings) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that runs; always 1.", {(readings.version,): 1}, labels=["version"])
    yield _gauge("start_time_seconds", "When the server started, since the epoch.", {(): readings.started_at})
    yield _gauge("generation", "Generation of the desired state.", {(): readings.generation})
    yield _gauge("alarms", "Alarms in force.", {(): readings.alarms})
    events = {(str(severity),): readings.events.get(severity, 0) for severity in Severity}
    yield _counter("events", "Events of the history since the start.", events, labels=["severity"])


def _zones(readings: Readings) -> Iterator[Metric]:
    zones = {(zone,): serial for zone, serial in readings.zones.items()}
    yield _gauge("zone_serial", "Serial of the zone that is served.", zones, labels=["zone"])
    servers = {(str(state),): readings.name_servers.get(state, 0) for state in ServerState}
    yield _gauge("name_servers", "Watched name servers in each state, once for each zone.", servers, labels=["state"])
    lags = dict(readings.name_server_lags_s.items())
    about = "How long a watched name server has lacked a newer version of the zone."
    yield _gauge("name_server_lag_seconds", about, lags, labels=["zone", "server"])
    standings = {(standing,): count for standing, count in readings.transferred.items()}
    yield _gauge("transferred_zones", "Zones from other servers by how they stand.", standings, labels=["standing"])
    expiries = {(zone,): left_s for zone, left_s in readings.expiries_s.items()}
    about = "How long a zone from other servers is answered if no primary confirms it; 0: it has expired."
    yield _gauge("zone_expires_seconds", about, expiries, labels=["zone"])


def _failover(readings: Readings) -> Iterator[Metric]:
    probes = {(check, str(outcome)): count for (check, outcome), count in readings.probes.items()}
    yield _counter("probes", "Finished probes.", probes, labels=["check", "outcome"])
    endpoints = {(str(state),): readings.endpoints.get(state, 0) for state in HealthState}
    yield _gauge("endpoints", "Endpoints in each health, once for each requirement.", endpoints, labels=["state"])
    records = {(str(mode),): readings.records.get(mode, 0) for mode in Mode}
    yield _gauge("records", "Steered records in each mode, by family of endpoints.", records, labels=["mode"])
    answered = dict(readings.answered.items())
    yield _counter("answered", "Queries that a steered record decided.", answered, labels=["record", "type"])
    ages = {(check,): age_s for check, age_s in readings.verdict_ages_s.items()}
    yield _gauge("verdict_age_seconds", "Age of the oldest verdict of each check.", ages, labels=["check"])


def _store(store: StoreReadings) -> Iterator[Metric]:
    yield _gauge("store_lag_seconds", "Age of the oldest thing that is not on disk yet.", {(): store.lag_s})
    yield _gauge("store_queued", "Entries and rows of history that wait for the disk.", {(): store.queued})
    yield _counter("store_dropped", "Rows of history dropped because too many waited.", {(): store.dropped})
    yield _counter("store_failed_writes", "Writes that the disk refused.", {(): store.failed_writes})
    yield _gauge("store_failing", "1 while the disk refuses what is written.", {(): int(store.is_failing)})


@frozen
class _EngineFamily:
    """Where an engine counter goes: `prefix` + a rest that `labels` takes apart."""

    name: str
    documentation: str
    label_names: tuple[str, ...]
    labels: Callable[[str], tuple[str, ...]]


def _transport(rest: str) -> tuple[str, ...]:
    """`udp4` -> (udp, ipv4)."""
    return rest[:-1], f"ipv{rest[-1:]}"


def _whole(rest: str) -> tuple[str, ...]:
    return (rest,)


def _none(_rest: str) -> tuple[str, ...]:
    return ()


_ENGINE_FAMILIES = {
    "queries.": _EngineFamily("queries", "Queries received.", ("transport", "family"), _transport),
    "qtype.": _EngineFamily("queries_by_type", "Queries answered, by the type asked for.", ("type",), _whole),
    "responses.": _EngineFamily("responses", "Responses sent.", ("rcode",), _whole),
    "dropped.": _EngineFamily("dropped", "Messages that got no response.", ("reason",), _whole),
    "cookies.": _EngineFamily("cookies", "Queries with a cookie, by what it was worth.", ("standing",), _whole),
    "tsig.": _EngineFamily("tsig", "Signed queries, by what the signature was worth.", ("standing",), _whole),
    "extended.": _EngineFamily("extended_errors", "Extended errors told, by their number.", ("code",), _whole),
    "limited.": _EngineFamily("limited", "Responses that the rate limit kept or cut.", ("action",), _whole),
    "tcp.": _EngineFamily("tcp_connections", "TCP connections offered by clients.", ("outcome",), _whole),
    "transfers.octets": _EngineFamily("transfer_octets", "Octets of the zones that were sent.", (), _none),
    "transfers.": _EngineFamily("transfers", "Zones asked for by secondaries.", ("outcome",), _whole),
    "notify.": _EngineFamily("notify", "Messages that a zone has changed (NOTIFY).", ("outcome",), _whole),
    "truncated": _EngineFamily("truncated_responses", "Responses that did not fit into UDP.", (), _none),
    "steered": _EngineFamily("steered_responses", "Responses that a policy chose.", (), _none),
}
_OTHER = _EngineFamily("engine", "What else the engine counts.", ("counter",), _whole)


def _engine(counters: Mapping[str, int]) -> Iterator[Metric]:
    """The engine's counters by family; one that nobody placed appears under its own name."""
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    for counter, count in counters.items():
        prefix = next((prefix for prefix in _ENGINE_FAMILIES if counter.startswith(prefix)), "")
        family = _ENGINE_FAMILIES.get(prefix, _OTHER)
        samples.setdefault(family.name, {})[family.labels(counter.removeprefix(prefix))] = count
    for family in (*_ENGINE_FAMILIES.values(), _OTHER):
        if family.name in samples:
            yield _counter(family.name, family.documentation, samples[family.name], labels=family.label_names)


def _gauge(
    name: str, documentation: str, samples: Mapping[Labels, float], *, labels: Iterable[str] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"understudy_{name}", documentation, labels=tuple(labels))
    for values, value in samples.items():
        family.add_metric(values, value)
    return family


def _counter(
    name: str, documentation: str, samples: Mapping[Labels, float], *, labels: Iterable[str] = ()
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"understudy_{name}", documentation, labels=tuple(labels))
    for values, value in samples.items():
        family.add_metric(values, value)
    return family
