"""The zone's NS records, and how each of the servers answers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from understudy.model.name import Name
from understudy.zones.advice_finding import Advice, Weight, listed
from understudy.zones.serial import is_later, latest
from understudy.zones.sighting import Lack, Reply
from understudy.zones.survey import Delegation, NotDelegated, Survey, SurveyedServer

_FIND = "have its delegation found, with --resolver ADDRESS or --parent ADDRESS"
_ALL_FAILS = "Every question about it fails."
_NOTHING_KNOWN = "Whether its servers answer is not known."
SERVERS_MIN = 2  # RFC 1034 4.1
_SITE = {4: 24, 6: 48}  # chosen: the longest prefixes that are routed by themselves on the Internet


def judge_ns(survey: Survey) -> Iterator[Advice]:
    """How many there are, what they are called, and where they stand (RFC 2182)."""
    if survey.ns is None:
        yield _nobody(survey)
        for name in survey.hosts:
            yield from _host(survey, name)
        return
    if survey.primaries:
        yield _only_primaries(survey)
    elif not survey.is_answered:
        yield _nobody(survey)
    for name in survey.ns.names:
        yield from _host(survey, name)
    if len(survey.ns.names) < SERVERS_MIN:
        yield Advice(
            Weight.ERROR,
            "ns.single",
            f"the zone has one name server only, {listed(survey.ns.names)}",
            "When it fails, everything in the zone is gone, also what fails over.",
            "add a second one elsewhere, which fetches the zone from here (`transfer`), and name it in an NS record",
        )
        return
    yield from _places(survey, survey.ns.names)


def _nobody(survey: Survey) -> Advice:
    """None of its servers has the zone; or nobody is known who could be asked, or could be asked from here."""
    if not survey.hosts and not survey.primaries:
        text, why, first = f"no name server of {survey.origin} is known, so nobody was asked", _NOTHING_KNOWN, _FIND
        if isinstance(survey.delegation, NotDelegated):
            why, first = _ALL_FAILS, "register its name servers at the zone above"
        remedy = f"{first}, or write the zone into the configuration"
    elif not _are_all_asked(survey):
        text = f"no name server was heard to have the zone {survey.origin}, and some could not be asked from here"
        why, remedy = _NOTHING_KNOWN, "run the check once more on a host that reaches them"
    else:
        silent = (f"; {each}: {each.sighting.tcp.problem or each.sighting.udp.problem}" for each in survey.primaries)
        is_asked = survey.servers or survey.primaries
        text = f"no name server has the zone {survey.origin}{''.join(silent)}"
        text = text if is_asked else f"no name server of {survey.origin} can be found, so none was asked"
        why = _ALL_FAILS
        remedy = "serve it here, or mend one of its servers; what is wrong with each of them is said beside this"
    return Advice(Weight.ERROR, "ns.none", text, why, remedy)


def _are_all_asked(survey: Survey) -> bool:
    """Whether this host had a way to all of them."""
    is_asked = all(each.sighting.udp.is_asked and each.sighting.tcp.is_asked for each in survey.servers)
    return is_asked and all(host.is_known or survey.is_out_of_reach(name) for name, host in survey.hosts.items())


def _only_primaries(survey: Survey) -> Advice:
    """The zone is there, and nobody whom resolvers ask has it; unless those could not be asked from here."""
    having = [
        f"{each} with serial {each.sighting.serial}" for each in survey.primaries if each.sighting.serial is not None
    ]
    return Advice(
        Weight.ERROR if _are_all_asked(survey) else Weight.WARNING,
        "ns.only-primary",
        f"no name server of {survey.origin} was heard to have it, but its {listed(having)}",
        "Resolvers ask the name servers and not the primary, so every question about the zone fails.",
        "look whether the name servers run, can be reached, and fetch the zone",
    )


def _host(survey: Survey, name: str) -> Iterator[Advice]:
    host = survey.hosts[name]
    if _is_address(name):
        yield Advice(
            Weight.ERROR,
            "ns.address",
            f"an NS record names {name}, which is an address",
            "An NS record has the name of a server (RFC 1035 section 3.3.11): resolvers look for a host of that name,"
            " and find none.",
            "give the server a name with an A or AAAA record, and put that name into the NS record",
        )
    elif host.alias:
        yield Advice(
            Weight.ERROR,
            "ns.alias",
            f"the name server {name} is an alias for {host.alias}",
            "A name server must have addresses of its own (RFC 2181 section 10.3); resolvers need not follow an alias.",
            f"name {host.alias} in the NS record, or give {name} A and AAAA records instead of the CNAME",
        )
    elif not host.is_known and survey.is_out_of_reach(name):
        return  # the delegation is at fault, of which that was said
    elif not host.is_known:
        yield Advice(
            Weight.WARNING,
            "ns.unknown",
            f"the address of the name server {name} is not known: the resolver does not say anything of it",
            "It was not asked, so nothing is known of it.",
            "name another resolver with --resolver ADDRESS",
        )
    elif not host.addresses:
        yield Advice(
            Weight.ERROR,
            "ns.no-address",
            f"the name server {name} has no address",
            _reach(survey, name),
            f"give {name} an A or AAAA record, or take it out of the NS records",
        )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _reach(survey: Survey, name: str) -> str:
    """Of a name server to which the zone itself gives no address."""
    glue = survey.delegation.glue.get(name, ()) if isinstance(survey.delegation, Delegation) else ()
    if not glue:
        return "Nobody can ask it."
    return f"The zone above has {listed(glue)}: resolvers ask it there until they have seen what the zone itself says."


def _places(survey: Survey, names: tuple[str, ...]) -> Iterator[Advice]:
    """Of those that have addresses; what is wrong with the others was said of each."""
    is_partial = not all(survey.hosts[name].is_known for name in names)
    names = tuple(name for name in names if survey.hosts[name].addresses)
    addresses = sorted({address for name in names for address in survey.hosts[name].addresses})
    if is_partial or len(names) < SERVERS_MIN:
        return
    if len(addresses) == 1:
        yield Advice(
            Weight.ERROR,
            "ns.same-address",
            f"the name servers {listed(names)} all have the address {addresses[0]}",
            "They are one server under several names, and fail together.",
            "give each a server of its own",
        )
        return
    site = _common_site(tuple(survey.hosts[name].addresses for name in names))
    if site:
        yield Advice(
            Weight.WARNING,
            "ns.one-network",
            f"all name servers stand in one network, {site}",
            "One line, one router or one power supply takes the whole zone away (RFC 2182 section 3.1).",
            "put one of them into another network, best at another provider",
        )


def _common_site(servers: tuple[tuple[str, ...], ...]) -> str:
    """The network that all servers have an address in, unless some stand apart by the other family; empty: none."""
    sites = [
        {ip_network((each, _SITE[ip_address(each).version]), strict=False) for each in server} for server in servers
    ]
    common = set[IPv4Network | IPv6Network].intersection(*sites)
    is_apart = len(set().union(*sites)) > len({site.version for each in sites for site in each})
    return "" if is_apart or not common else " and ".join(map(str, sorted(common, key=lambda site: site.version)))


def judge_servers(survey: Survey) -> Iterator[Advice]:
    """Reachable, authoritative, and of one mind."""
    for server in survey.servers:
        yield from _answers(server, survey)
    yield from _serials(survey)
    yield from _soas(survey)
    yield from _sets(survey)


def _answers(server: SurveyedServer, survey: Survey) -> Iterator[Advice]:
    udp, tcp = server.sighting.udp, server.sighting.tcp
    lame = next((reply for reply in (udp, tcp) if reply.is_lame), None)
    if not udp.is_asked or not tcp.is_asked:
        yield Advice(
            Weight.NOTE,
            "server.not-asked",
            f"{server} cannot be asked from here: {tcp.problem or udp.problem}",
            "That says nothing of the server.",
            "run the check once more on a host that reaches it",
        )
    elif not udp.is_heard and not tcp.is_heard:
        yield Advice(
            Weight.ERROR,
            "server.unreachable",
            f"{server} does not answer: {_problems(udp, tcp)}",
            "Resolvers that try it lose time with each question, and it is no backup.",
            "look whether the server runs, and whether a firewall lets UDP and TCP through to its port",
        )
    elif lame is not None:
        yield _lame(server, lame, survey.origin)
    elif not tcp.is_heard:
        yield Advice(
            Weight.ERROR,
            "server.no-tcp",
            f"{server} does not answer over TCP: {tcp.problem}",
            "Long answers and zone transfers need TCP (RFC 7766); a resolver with a cut answer gets nothing at all.",
            "let TCP through to its port, in its configuration and in every firewall on the way",
        )
    elif not udp.is_heard:
        yield Advice(
            Weight.ERROR,
            "server.no-udp",
            f"{server} does not answer over UDP: {udp.problem}",
            "Nearly all questions come over UDP.",
            "let UDP through to its port, in its configuration and in every firewall on the way",
        )


def _problems(udp: Reply, tcp: Reply) -> str:
    if udp.problem == tcp.problem:
        return f"{udp.problem} over UDP and TCP"
    return f"{udp.problem} over UDP, {tcp.problem} over TCP"


def _lame(server: SurveyedServer, reply: Reply, origin: Name) -> Advice:
    """Somebody answers, and resolvers get nothing that they can use."""
    code, text, why, remedy = "server.lame", "is named for the zone and does not have it", "", ""
    match reply.lack:
        case Lack.UNREADABLE:
            code, text = "server.malformed", "cannot be understood"
            remedy = "look at that server, and at whatever stands between that changes answers on the way"
        case Lack.FAILED:
            code, text = "server.failing", "is named for the zone and cannot answer for it"
            why = " It knows of the zone: its copy has expired or never came, or its file cannot be read."
            remedy = f"look in its log why {origin} is not loaded: may it fetch the zone (address, key, firewall)?"
        case Lack.REFUSED:
            text = "is named for the zone and refuses to answer for it"
            why = " It does not have the zone, or does not let everybody ask for it."
            remedy = (
                f"add {origin} on that server, or let everybody ask it (BIND's `allow-query`), or take it out of the NS"
                " records"
            )
        case Lack.OTHER:
            why = " It is no server of this zone, perhaps a resolver."
            remedy = f"add {origin} on that server, or take it out of the NS records"
    return Advice(
        Weight.ERROR,
        code,
        f"{server} {text}: {reply.problem}",
        f"Resolvers that ask it get nothing that they can use.{why}",
        remedy,
    )


def _serials(survey: Survey) -> Iterator[Advice]:
    known = {server: server.sighting.serial for server in survey.servers if server.sighting.serial is not None}
    if not known:
        return
    newest, *others = known.values()
    for serial in others:
        newest = latest(newest, serial)
    behind = [f"{server} has {serial}" for server, serial in known.items() if serial != newest]
    if behind:
        yield Advice(
            Weight.ERROR,
            "serial.differs",
            f"the newest serial is {newest}, and {listed(behind)}",
            "These servers answer from an older version: after a failover they hand out the dead address.",
            "look in their logs why they do not fetch it: may they (address, key, firewall), are they told (NOTIFY)?",
        )
    file = survey.soa.serial if survey.is_configured and survey.soa is not None else newest
    if is_later(file, newest):
        yield Advice(
            Weight.WARNING,
            "serial.file",
            f"the zone's file has serial {file}, and the newest that a server has is {newest}",
            "What was changed in the file is answered by nobody.",
            "look whether the server that reads this file runs, and whether its history refuses the file",
        )


def _soas(survey: Survey) -> Iterator[Advice]:
    """Those with one serial have one content (RFC 1034 4.3.5), of which the SOA is what is seen."""
    first: dict[int, SurveyedServer] = {}
    for server in survey.servers:
        serial = server.sighting.serial
        if serial is None or not server.soa:
            continue
        other = first.setdefault(serial, server)
        if server.soa != other.soa:
            yield Advice(
                Weight.ERROR,
                "soa.differs",
                f"{server} and {other} have the serial {serial} with different SOA records: {server.soa}, and"
                f" {other.soa}",
                "They have two zones under one serial. Secondaries compare serials only, so this stays as it is until"
                " the serial grows.",
                "look which of them is right; let the other fetch the zone whole, or take its second source away",
            )


def _sets(survey: Survey) -> Iterator[Advice]:
    wanted = set(survey.ns.names) if survey.ns is not None else set()
    for server in survey.servers:
        if server.names is not None and set(server.names) != wanted:
            yield Advice(
                Weight.WARNING,
                "ns.differs",
                f"{server} names other name servers for the zone: {listed(server.names) or 'none'}",
                "Resolvers take over what they see last, so they know sometimes these and sometimes those.",
                "make the NS records the same everywhere; a server that has the newest serial should have them already",
            )
