"""A real resolver for the demonstration: Unbound, if it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from understudy.cli.demo.children import Children
from understudy.model.frozen import frozen

NAME = "Unbound"
ASK_S = 1.0

_CONFIGURATION = """\
server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  logfile: ""
  verbosity: 0
  pidfile: ""
  chroot: ""
  username: ""
  directory: "{folder}"
  do-not-query-localhost: no
  domain-insecure: "example.com"
  module-config: "iterator"
  cache-min-ttl: 0
remote-control:
  control-enable: no
stub-zone:
  name: "example.com"
{servers}"""


@frozen
class Resolver:
    """A resolver that finds example.com here and nothing else."""

    name: str
    port: int


def start_resolver(
    children: Children, folder: Path, *, port: int, servers: Sequence[tuple[str, int]]
) -> Resolver | None:
    """Start Unbound in front of these name servers; None where it is not installed or does not start here."""
    program = shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin:/sbin")
    if program is None:
        return None
    file = folder / "unbound.conf"
    stubs = "".join(f"  stub-addr: {address}@{dns_port}\n" for address, dns_port in servers)
    file.write_text(_CONFIGURATION.format(port=port, folder=folder, servers=stubs))
    with (folder / "unbound.log").open("wb") as log:
        process = children.start(NAME, [program, "-d", "-c", str(file)], folder, stdout=log, stderr=log)
    for _ in range(50):
        if process.poll() is not None:
            return None
        if ask("ns1.example.com", port) is not None:
            return Resolver(NAME, port)
    children.end(NAME)
    return None


def ask(name: str, port: int, address: str = "127.0.0.1") -> list[str] | None:
    """The addresses of a name, sorted, from the server on a port; None: no answer."""
    query = dns.message.make_query(name, dns.rdatatype.A)
    try:
        response = dns.query.udp(query, address, timeout=ASK_S, port=port)
    except (OSError, dns.exception.DNSException):
        return None
    return sorted(record.to_text() for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for record in rrset)
