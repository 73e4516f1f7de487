"""Surveys a zone: its delegation, its servers and what each of them answers, from the network and the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset

from understudy.model.check import leaves
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Family
from understudy.model.frozen import frozen
from understudy.model.name import Name, NameSyntaxError
from understudy.model.record import Record
from understudy.model.watch import ServerPlace
from understudy.model.zone import ZoneDefinition
from understudy.service.secondary.overlay import is_zone_signed
from understudy.service.watching.delegation import find_delegation
from understudy.service.watching.look import ask, ask_soa, look
from understudy.service.watching.proving import find_proof
from understudy.service.watching.resolving import Resolver
from understudy.service.watching.watch_targets import Ways
from understudy.service.zone_table import LoadedZone
from understudy.zones.name_servers import DNS_PORT, host_addresses
from understudy.zones.survey import (
    Delegation,
    DsSet,
    Host,
    NotAsked,
    NotDelegated,
    NsSet,
    Soa,
    Steered,
    Survey,
    SurveyedServer,
    host_text,
    lies_in,
)

AT_ONCE = 10  # chosen: servers that are asked at a time
PRIMARY = "primary"
"""In place of a name, of servers that the configuration names by address."""

SETTLE_S = 2.0  # chosen: a version that has just been made is everywhere by then, where all is well


@frozen
class SurveyQuestion:
    """Which zone, and where the world is asked. `port` is that of the zone's name servers; `ways` lead to them."""

    origin: Name
    parents: tuple[ServerPlace, ...] = ()
    resolver: ServerPlace | None = None
    port: int = DNS_PORT
    ways: Ways = Ways(None, ())


async def survey(question: SurveyQuestion, configuration: Configuration | None, loaded: LoadedZone | None) -> Survey:
    """All that can be found out; what stands in the configuration and its zone file goes before what others say."""
    origin, resolver = question.origin, Resolver(question.resolver)
    delegation = await find_delegation(origin, resolver, question.parents)
    glue = delegation.glue if isinstance(delegation, Delegation) else {}
    named = delegation.names if isinstance(delegation, Delegation) else ()
    ns, soa = (_own_ns(loaded), _own_soa(loaded)) if loaded is not None else (None, None)
    names = dict.fromkeys((*(ns.names if ns is not None else ()), *named)) or await resolver.name_servers(str(origin))
    inside = [name for name in names if lies_in(name, origin)] if loaded is not None else []
    own = {name: _own_host(loaded, name, configuration) for name in inside} if loaded is not None else {}
    definition = configuration.zones.get(origin) if configuration is not None else None
    ways = Ways(definition, configuration.node.via if configuration is not None else ())
    asker = _Asker(replace(question, ways=ways), resolver, own, glue=glue)
    hosts = await asker.hosts(names)
    servers = await asker.servers(_with_glue(hosts, origin, glue))
    primaries: tuple[SurveyedServer, ...] = ()
    if ns is None:
        ns, soa = await asker.content(servers)
        if ns is None:
            primaries = await asker.primaries(definition)
            ns, soa = await asker.content(primaries)
        missing = [name for name in (ns.names if ns is not None else ()) if name not in hosts]
        more = await asker.hosts(missing)
        hosts, servers = hosts | more, (*servers, *await asker.servers(more))
    servers = await asker.proven(await _settled(asker, servers), delegation)
    records = tuple(_steered(each, configuration) for each in configuration.records_in(origin)) if configuration else ()
    is_configured = configuration is not None and origin in configuration.zones
    is_signed = is_zone_signed(loaded.zone) if loaded is not None else await asker.is_signed((*servers, *primaries))
    found = Survey(origin, delegation, ns, soa, hosts, servers, records, is_configured=is_configured)
    return replace(found, is_signed=is_signed, primaries=primaries)


class _Asker:
    """Asks the zone's own servers."""

    def __init__(
        self,
        question: SurveyQuestion,
        resolver: Resolver,
        own: Mapping[str, Host],
        *,
        glue: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._question = question
        self._resolver = resolver
        self._own = own
        self._glue = glue
        self._sources: list[ServerPlace] | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hosts(self, names: Sequence[str] | Mapping[str, None]) -> dict[str, Host]:
        """The addresses of each name."""
        if any(self._is_asked_for(name) for name in names):
            await self._seek_sources()
        found = await asyncio.gather(*(self._host(name) for name in names))
        return dict(zip(names, found, strict=True))

    def _is_asked_for(self, name: str) -> bool:
        """Whether the zone's own servers are to say what its addresses are."""
        return name not in self._own and lies_in(name, self._question.origin)

    async def _seek_sources(self) -> None:
        """Which of the servers that the zone above gives addresses of have the zone: the dead are waited for once."""
        if self._sources is not None:
            return
        places = list(dict.fromkeys(self._place(each) for addresses in self._glue.values() for each in addresses))
        replies = await asyncio.gather(*(ask_soa(self._question.origin, place) for place in places))
        self._sources = [place for place, reply in zip(places, replies, strict=True) if reply.serial is not None]

    async def _host(self, name: str) -> Host:
        if name in self._own:
            return self._own[name]
        if not self._is_asked_for(name):
            return await self._resolver.host(name)
        for place in self._sources or ():
            host = await self._host_at(name, place)
            if host is not None:
                return host
        found = await self._resolver.host(name)
        glue = self._glue.get(name, ())
        return found if found.addresses or found.alias else Host(glue, is_known=found.is_known or bool(glue))

    async def _host_at(self, name: str, place: ServerPlace) -> Host | None:
        """What a server of the zone says of a name in it; None: nothing was heard."""
        addresses: list[str] = []
        for rtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await self._answer(name, rtype, place)
            if answer is None:
                return None
            alias = next((each for each in answer if each.rdtype == dns.rdatatype.CNAME), None)
            if alias is not None:
                return Host((), host_text(alias[0].to_text()))
            addresses += [rdata.to_text() for rrset in answer if rrset.rdtype == rtype for rdata in rrset]
        return Host(tuple(addresses))

    async def servers(self, hosts: Mapping[str, Host]) -> tuple[SurveyedServer, ...]:
        """Every name at every address."""
        places = [(name, self._place(address)) for name, host in hosts.items() for address in host.addresses]
        return tuple(await asyncio.gather(*(self.server(name, place) for name, place in places)))

    async def server(self, name: str, place: ServerPlace) -> SurveyedServer:
        """One look."""
        async with self._turns:
            sighting = await look(self._question.origin, place, ())
            if sighting.serial is None:
                return SurveyedServer(name, place, sighting)
            ns, soa = await self._ns(place), await self._soa(place)
            text = soa[0].to_text().lower() if soa is not None else ""
            return SurveyedServer(name, place, sighting, ns.names if ns is not None else None, soa=text)

    async def primaries(self, definition: ZoneDefinition | None) -> tuple[SurveyedServer, ...]:
        """Whom the configuration has the zone from."""
        places = [
            ServerPlace(each.address, each.port, each.via) for each in (definition.primaries if definition else ())
        ]
        return tuple(await asyncio.gather(*(self.server(PRIMARY, place) for place in places)))

    async def proven(
        self, servers: Sequence[SurveyedServer], delegation: Delegation | NotDelegated | NotAsked
    ) -> tuple[SurveyedServer, ...]:
        """Whether those that have the zone have what the zone above says of its keys."""
        ds = None if isinstance(delegation, NotDelegated) else delegation.ds
        if ds is None or not ds.texts:
            return tuple(servers)
        return tuple(await asyncio.gather(*(self._proven(each, ds) for each in servers)))

    async def _proven(self, server: SurveyedServer, ds: DsSet) -> SurveyedServer:
        if server.sighting.serial is None:
            return server
        async with self._turns:
            return replace(server, proof=await find_proof(self._question.origin, server.place, ds))

    async def content(self, servers: Sequence[SurveyedServer]) -> tuple[NsSet | None, Soa | None]:
        """The NS set and the SOA of the first server that has the zone."""
        for server in servers:
            if server.sighting.serial is None:
                continue
            ns, soa = await self._ns(server.place), await self._soa(server.place)
            if ns is not None and soa is not None and isinstance(soa[0], dns.rdtypes.ANY.SOA.SOA):
                return ns, Soa.of(soa[0], soa.ttl)
        return None, None

    async def is_signed(self, servers: Sequence[SurveyedServer]) -> bool:
        """Whether the first server that has the zone has keys of it, which are too long for a datagram."""
        place = next((server.place for server in servers if server.sighting.serial is not None), None)
        if place is None:
            return False
        origin = dns.name.from_text(self._question.origin.absolute)
        try:
            return bool((await ask(origin, dns.rdatatype.DNSKEY, place, is_tcp=True)).answer)
        except (OSError, EOFError, dns.exception.DNSException):
            return False

    async def _ns(self, place: ServerPlace) -> NsSet | None:
        answer = await self._answer("", dns.rdatatype.NS, place)
        rrset = next((each for each in answer or () if each.rdtype == dns.rdatatype.NS), None)
        if rrset is None:
            return None
        return NsSet(tuple(sorted(host_text(rdata.to_text()) for rdata in rrset)), rrset.ttl)

    async def _soa(self, place: ServerPlace) -> dns.rrset.RRset | None:
        answer = await self._answer("", dns.rdatatype.SOA, place)
        return next((each for each in answer or () if each.rdtype == dns.rdatatype.SOA), None)

    async def _answer(
        self, name: str, rtype: dns.rdatatype.RdataType, place: ServerPlace
    ) -> list[dns.rrset.RRset] | None:
        """The answer section; the empty name is the zone's. None: nothing was heard of a server that has the zone."""
        owner = dns.name.from_text(name or self._question.origin.absolute)
        try:
            response = await ask(owner, rtype, place)
        except (OSError, EOFError, dns.exception.DNSException):
            return None
        is_told = response.flags & dns.flags.AA and response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}
        return response.answer if is_told else None

    def _place(self, address: str) -> ServerPlace:
        return self._question.ways.to(address, self._question.port)


async def _settled(asker: _Asker, servers: tuple[SurveyedServer, ...]) -> tuple[SurveyedServer, ...]:
    """The same, looked at once more where their serials differ: a version may be under way."""
    if len({each.sighting.serial for each in servers} - {None}) <= 1:
        return servers
    await asyncio.sleep(SETTLE_S)
    return tuple(await asyncio.gather(*(asker.server(each.name, each.place) for each in servers)))


def _with_glue(hosts: Mapping[str, Host], origin: Name, glue: Mapping[str, tuple[str, ...]]) -> dict[str, Host]:
    """And at the addresses that only the zone above has, because resolvers ask there first."""
    inside = {name: glue.get(name, ()) if lies_in(name, origin) else () for name in hosts}
    return {
        name: replace(host, addresses=tuple(dict.fromkeys((*host.addresses, *inside[name]))))
        for name, host in hosts.items()
    }


def _own_ns(loaded: LoadedZone) -> NsSet | None:
    found = loaded.zone.rrset(loaded.definition.name.absolute, dns.rdatatype.NS)
    if found is None:
        return None
    names = sorted(host_text(dns.name.from_wire(rdata, 0)[0].to_text()) for rdata in found[3])
    return NsSet(tuple(names), found[2])


def _own_soa(loaded: LoadedZone) -> Soa | None:
    found = loaded.zone.rrset(loaded.definition.name.absolute, dns.rdatatype.SOA)
    return None if found is None else Soa.of_octets(found[3][0], found[2])


def _own_host(loaded: LoadedZone, name: str, configuration: Configuration | None) -> Host:
    """As the zone file has it; of a steered name every address that may be answered."""
    record = _record(name, configuration)
    if record is not None and configuration is not None:
        pools = (configuration.pools[pool] for pool in record.pools)
        endpoints = (member.endpoint for pool in pools for member in pool.members)
        return Host(tuple(dict.fromkeys(str(each) for each in endpoints if each.family is not Family.HOST)))
    alias = loaded.zone.rrset(f"{name}.", dns.rdatatype.CNAME)
    if alias is not None:
        return Host((), host_text(dns.name.from_wire(alias[3][0], 0)[0].to_text()))
    return Host(tuple(host_addresses(loaded.zone, f"{name}.")))


def _record(name: str, configuration: Configuration | None) -> Record | None:
    try:
        return configuration.records.get(Name.parse(name)) if configuration is not None else None
    except NameSyntaxError:
        return None


def _steered(record: Record, configuration: Configuration) -> Steered:
    """With the time that its slowest check takes to be sure: semantics 1, the failure just after a probe."""
    schedules = [configuration.checks[name].schedule for name in leaves(record.requirement)]
    if not schedules:
        return Steered(str(record.name), record.ttl_s, None)
    slowest_s = max(
        each.interval_s * (1 + each.jitter)
        + each.timeout_s
        + (each.fall - 1) * (each.recheck_interval_s + each.timeout_s)
        for each in schedules
    )
    return Steered(str(record.name), record.ttl_s, slowest_s + record.failover_delay_s)
