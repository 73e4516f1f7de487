"""A decision reaches secondaries of other makes as ordinary zone data."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from understudy.service.reports.views import StatusView
from understudy.service.reports.zone_views import NamedServerView
from understudy.testing import other_servers
from understudy.testing.other_servers import CORP_KEY, Peers, Place
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

PLAIN = 'transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}'
SIGNED = 'transfer: {{to: [{{key: corp-key}}], notify: [{{address: "127.0.0.1:{secondary}", key: corp-key}}]}}'
CONFIGURATION = """\
listen: 127.0.0.1:{port}
keys: {{corp-key: {{secret_file: corp.key}}}}
zones:
  example.com:
    file: example.com.zone
    TRANSFER
    watch: {{interval: 1h}}
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 1}}
records:
  www.example.com:
    check: web
    tiers: [[127.0.0.2], [127.0.0.3]]
    failback: {{delay: 0s}}
"""


def addresses(port: int) -> set[str]:
    """What the server says of www.example.com."""
    return answers(port, "www.example.com")


def answers(port: int, name: str) -> set[str]:
    """The addresses that the server says."""
    with suppress(OSError, dns.exception.DNSException):
        query = dns.message.make_query(name, "A")
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=5.0)
        return {rdata.to_text() for rrset in response.answer for rdata in rrset}
    return set()


def standing(server: RunningServer, port: int) -> NamedServerView | None:
    """What `understudy status` says of the secondary; None: nothing yet."""
    with server.api() as api:
        status = StatusView.model_validate(api.get("/status").raise_for_status().json())
    return next((view for view in status.zones[0].name_servers if view.server == f"127.0.0.1:{port}"), None)


def sent(server: RunningServer, kind: str) -> int:
    """How many transfers of a kind there were since the start."""
    with server.api() as api:
        text = api.get("/metrics").raise_for_status().text
    sample = f'understudy_transfers_total{{outcome="{kind}"}} '
    return sum(int(float(line.removeprefix(sample))) for line in text.splitlines() if line.startswith(sample))


def follows(server: RunningServer, port: int, serial: int) -> bool:
    """Whether the server says that the secondary has the version."""
    view = standing(server, port)
    return view is not None and (view.state, view.serial, view.lag_s) == ("ok", serial, 0)


def serial_of(port: int) -> int:
    """Of the zone."""
    response = dns.query.udp(dns.message.make_query("example.com", "SOA"), "127.0.0.1", port=port, timeout=5.0)
    return int(response.answer[0][0].serial)


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("make", [other_servers.bind, other_servers.nsd, other_servers.knot, other_servers.powerdns])
def test_a_failover_reaches_a_secondary_as_zone_data(
    server: RunningServer, web: WebServers, make: Callable[..., other_servers.OtherServer], *, is_signed: bool
) -> None:
    place = Place(server.folder / "secondary", free_port(), "example.com")
    template = CONFIGURATION.replace("TRANSFER", SIGNED if is_signed else PLAIN)
    server.write("understudy.yaml", template.format(port=server.port, secondary=place.port, web=web.port))
    server.write("corp.key", CORP_KEY.secret)
    server.start()
    peers = Peers(server.port, key=CORP_KEY if is_signed else None)
    with make(place, place.folder / "copy", peers):
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "the secondary has the zone")
        web.stop("127.0.0.2")
        wait_until(lambda: addresses(server.port) == {"127.0.0.3"}, "the primary has failed over")
        wait_until(lambda: addresses(place.port) == {"127.0.0.3"}, "the secondary has followed")
        assert sent(server, "ixfr") >= 1
        serial = serial_of(place.port)
        wait_until(lambda: follows(server, place.port, serial), "it is known here, an hour before the next look")
        server.stop(signal.SIGKILL)
        assert addresses(place.port) == {"127.0.0.3"}
        server.start()
        web.start("127.0.0.2")
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "a restarted primary brings it back")


MAKES = (other_servers.bind, other_servers.nsd, other_servers.knot, other_servers.powerdns)


def outcome(port: int, rtype: str = "A") -> tuple[str, set[str]]:
    """The rcode and the rdata that the server gives for www.example.com."""
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query("www.example.com", rtype), "127.0.0.1", port=port, timeout=5.0)
        rdatas = {rdata.to_text() for rrset in response.answer for rdata in rrset}
        return dns.rcode.to_text(response.rcode()), rdatas
    return "", set()


def test_a_name_that_answers_nothing_has_no_data_at_any_secondary(server: RunningServer, web: WebServers) -> None:
    """Neither NXDOMAIN nor the wildcard's address."""
    places = [Place(server.folder / f"secondary{at}", free_port(), "example.com") for at, _ in enumerate(MAKES)]
    ports = [place.port for place in places]
    plain = PLAIN.replace('"127.0.0.1:{secondary}"', ", ".join(f'"127.0.0.1:{port}"' for port in ports))
    template = CONFIGURATION.replace("TRANSFER", plain)
    template = template.replace("    failback:", "    on_all_down: nodata\n    failback:")
    server.write("understudy.yaml", template.format(port=server.port, web=web.port))
    zone = server.folder / "example.com.zone"
    zone.write_text(zone.read_text() + "*.example.com. IN A 192.0.2.99\n")
    server.start()
    with ExitStack() as stack:
        for make, place in zip(MAKES, places, strict=True):
            stack.enter_context(make(place, place.folder / "copy", Peers(server.port)))
        wait_until(lambda: all(outcome(port) == ("NOERROR", {"127.0.0.2"}) for port in ports), "all have the zone")
        web.stop("127.0.0.2")
        web.stop("127.0.0.3")
        everybody = (server.port, *ports)
        wait_until(lambda: all(outcome(port) == ("NOERROR", set()) for port in everybody), "all say NODATA")
        assert all("nothing to answer" in "".join(outcome(port, "TXT")[1]) for port in ports)
        web.start("127.0.0.3")
        wait_until(lambda: all(outcome(port) == ("NOERROR", {"127.0.0.3"}) for port in ports), "all answer again")
        assert all(outcome(port, "TXT") == ("NOERROR", set()) for port in ports)


def test_what_changed_in_the_file_is_fetched_as_a_difference_also_after_a_start(
    server: RunningServer, web: WebServers
) -> None:
    place = Place(server.folder / "secondary", free_port(), "example.com")
    text = CONFIGURATION.replace("TRANSFER", PLAIN).format(port=server.port, secondary=place.port, web=web.port)
    server.write("understudy.yaml", text)
    server.write("corp.key", CORP_KEY.secret)
    zone = server.folder / "example.com.zone"
    server.start()
    with other_servers.bind(place, place.folder / "copy", Peers(server.port)):
        wait_until(lambda: sent(server, "axfr") == 1, "the secondary has fetched the zone")
        zone.write_text(zone.read_text() + "reloaded IN A 192.0.2.8\n")
        assert server.run("reload").returncode == 0
        wait_until(lambda: answers(place.port, "reloaded.example.com") == {"192.0.2.8"}, "it has what was reloaded")
        assert sent(server, "axfr") == 1
        assert sent(server, "ixfr") >= 1
        server.stop()
        zone.write_text(zone.read_text() + "edited IN A 192.0.2.9\n")
        server.start()
        wait_until(lambda: answers(place.port, "edited.example.com") == {"192.0.2.9"}, "it has what was edited")
        assert sent(server, "axfr") == 0
        assert sent(server, "ixfr") >= 1
