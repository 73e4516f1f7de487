"""Stories: what happens to a name server, told in text, with the exact answers that are expected.

A story has sections that begin with `== NAME`. What stands before the first is its description. The section
`story` has the events; every other one is a file: `understudy.yaml` is the configuration that the server starts with,
`NAME.zone` a master file (there is an example.com.zone if none is given), any other name a configuration for `reload`.

    A failed primary is withdrawn after two rechecks. Rules 1, 3.1.

    == understudy.yaml
    zones: {example.com: {file: example.com.zone}}
    records:
      www.example.com: {check: "tcp:80", tiers: [[192.0.2.10], [198.51.100.10]]}

    == story
    at 0s   ask www.example.com A -> 192.0.2.10 ttl 5 because 1.6
    at 30s  192.0.2.10 refuses
    at 45s  ask www.example.com A -> 198.51.100.10 ttl 30

The server starts at 0s. An event is one of

    at TIME ENDPOINT BEHAVIOUR [by CHECK]      up, refuses, silent, fails, unreachable, slow 2s (fake_network.Conduct)
    at TIME ask NAME TYPE [from CLIENT] -> ANSWER [ttl N] [because TEXT]
    at TIME drain | force up | force down | freeze | release [SUBJECT] [in RECORD] [for DURATION] [even so]
                                               [reason TEXT] [-> refused CODE]
    at TIME reload FILE [-> refused CODE]
    at TIME restart | kill [and wait DURATION] kill: without saving anything first
    at TIME alarm KEY | no alarm KEY           whether an alarm is in force; KEY may be a part of the key

ANSWER is `192.0.2.10, 192.0.2.11` (in any order), `one of 192.0.2.10, 192.0.2.11`, `NODATA`, `NXDOMAIN`, `SERVFAIL` or
`REFUSED`; the TTL of a negative answer is that of its SOA. `because` names text that the reasons of the decision
contain: `4.4 `, or words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from understudy.model.duration import parse_duration
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour

CONFIGURATION = "understudy.yaml"
EXAMPLE_ZONE = """\
$ORIGIN example.com.
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 600 86400 60
@    IN NS  ns1
ns1  IN A   127.0.0.1
"""


class StorySyntaxError(ValueError):
    """A story that cannot be read; the message names the line."""


@frozen
class Behave:
    """An endpoint does something else from now on; `check` limits it to probes by that check."""

    endpoint: Endpoint
    behaviour: Behaviour
    check: str = ""


@frozen
class Expected:
    """`rdatas` in any order (with `is_one_of`: one of them); `ttl_s` None: not said."""

    rcode: str = "NOERROR"
    rdatas: tuple[str, ...] = ()
    is_one_of: bool = False
    ttl_s: int | None = None
    because: str = ""


@frozen
class Ask:
    """A query."""

    name: str
    rtype: str
    client: str
    expected: Expected


@frozen
class Command:
    """An operator's word; `kind` as the API has it (`force_up`, `release`). `refusal`: the code of the expected one.

    `duration_s` None: not said, so the default; infinite: until released.
    """

    kind: str
    subject: str = ""
    record: str = ""
    duration_s: float | None = None
    reason: str = ""
    is_forced: bool = False
    refusal: str = ""


@frozen
class Reload:
    """`file` becomes the configuration file and the server reads it again."""

    file: str
    refusal: str = ""


@frozen
class Restart:
    """The server ends and starts `pause_s` later; `is_kill`: it had no time to save anything."""

    pause_s: float = 0.0
    is_kill: bool = False


@frozen
class Alarmed:
    """Whether an alarm with `key` in its key is in force."""

    key: str
    is_raised: bool = True


Action: TypeAlias = Behave | Ask | Command | Reload | Restart | Alarmed


@frozen
class Event:
    """`at_s` after the start; `line` is that of the file."""

    at_s: float
    line: int
    action: Action


@frozen
class Story:
    """`files` by name; `events` in the order of the text, which is that of time."""

    description: str
    files: Mapping[str, str]
    events: tuple[Event, ...]


def parse_story(text: str) -> Story:
    """Read a story. Raises StorySyntaxError."""
    sections = _split(text)
    description = "\n".join(sections.pop("", (0, []))[1]).strip()
    first, lines = sections.pop("story", (0, []))
    files = {name: "\n".join(body) + "\n" for name, (_, body) in sections.items()}
    if CONFIGURATION not in files or not lines:
        raise StorySyntaxError(f"a story has the sections '== {CONFIGURATION}' and '== story'")
    files.setdefault("example.com.zone", EXAMPLE_ZONE)
    events: list[Event] = []
    for number, line in enumerate(lines, start=first + 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        event = _parse_event(number, words)
        if events and event.at_s < events[-1].at_s:
            raise StorySyntaxError(f"line {number}: time does not run backwards")
        events.append(event)
    return Story(description, files, tuple(events))


def _split(text: str) -> dict[str, tuple[int, list[str]]]:
    """Section name -> (the number of its heading's line, its lines)."""
    sections: dict[str, tuple[int, list[str]]] = {"": (0, [])}
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("== "):
            name = line[3:].strip()
            if name in sections:
                raise StorySyntaxError(f"line {number}: a second section '{name}'")
            sections[name] = (number, [])
        else:
            sections[name][1].append(line)
    return sections


_EVENT = re.compile(r"at (?P<at>\S+)\s+(?P<action>.+)")
_ASK = re.compile(
    r"ask (?P<name>\S+) (?P<rtype>\S+)(?: from (?P<client>\S+))? -> (?P<answer>.+?)"
    r"(?: ttl (?P<ttl>\d+))?(?: because (?P<because>.+))?"
)
_COMMAND = re.compile(
    r"(?P<kind>drain|force up|force down|freeze|release)(?: (?!in |for |even so|reason |->)(?P<subject>\S+))?"
    r"(?: in (?P<record>\S+))?(?: for (?P<duration>\S+))?(?P<forced> even so)?(?: reason (?P<reason>.+?))?"
    r"(?: -> refused (?P<refusal>\S+))?"
)
_RELOAD = re.compile(r"reload (?P<file>\S+)(?: -> refused (?P<refusal>\S+))?")
_RESTART = re.compile(r"(?P<verb>restart|kill)(?: and wait (?P<pause>\S+))?")
_ALARM = re.compile(r"(?P<no>no )?alarm (?P<key>\S+)")
_BEHAVE = re.compile(r"(?P<endpoint>\S+) (?P<behaviour>.+?)(?: by (?P<check>\S+))?")
_RCODES = ("NXDOMAIN", "SERVFAIL", "REFUSED")


def _parse_event(number: int, words: str) -> Event:
    match = _EVENT.fullmatch(words)
    if match is None:
        raise StorySyntaxError(f"line {number}: an event is 'at TIME ...'")
    try:
        return Event(parse_duration(match["at"]), number, _parse_action(re.sub(r"\s+", " ", match["action"])))
    except ValueError as error:
        raise StorySyntaxError(f"line {number}: {error}") from None


def _parse_action(words: str) -> Action:
    if match := _ASK.fullmatch(words):
        return Ask(match["name"], match["rtype"], match["client"] or "127.0.0.1", _parse_expected(match))
    if match := _COMMAND.fullmatch(words):
        return _parse_command(match)
    if match := _RELOAD.fullmatch(words):
        return Reload(match["file"], match["refusal"] or "")
    if match := _RESTART.fullmatch(words):
        return Restart(parse_duration(match["pause"] or "0s"), match["verb"] == "kill")
    if match := _ALARM.fullmatch(words):
        return Alarmed(match["key"], not match["no"])
    if match := _BEHAVE.fullmatch(words):
        return Behave(endpoint(match["endpoint"]), Behaviour.parse(match["behaviour"]), match["check"] or "")
    raise StorySyntaxError(f"'{words}' is no event")


def _parse_expected(match: re.Match[str]) -> Expected:
    answer = match["answer"]
    ttl_s = int(match["ttl"]) if match["ttl"] else None
    because = match["because"] or ""
    if answer in _RCODES:
        return Expected(answer, ttl_s=ttl_s, because=because)
    if answer == "NODATA":
        return Expected(ttl_s=ttl_s, because=because)
    is_one_of = answer.startswith("one of ")
    rdatas = tuple(each.strip() for each in answer.removeprefix("one of ").split(","))
    return Expected("NOERROR", rdatas, is_one_of, ttl_s, because)


def _parse_command(match: re.Match[str]) -> Command:
    return Command(
        kind=match["kind"].replace(" ", "_"),
        subject=match["subject"] or "",
        record=match["record"] or "",
        duration_s=_parse_duration(match["duration"] or ""),
        reason=match["reason"] or "",
        is_forced=bool(match["forced"]),
        refusal=match["refusal"] or "",
    )


def _parse_duration(text: str) -> float | None:
    """None where nothing is said, infinite for `forever`."""
    return float("inf") if text == "forever" else parse_duration(text) if text else None
