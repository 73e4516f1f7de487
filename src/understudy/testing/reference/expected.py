"""What a response has to be: its head, its sections, and what of the additional section may be left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.rcode import Rcode

from understudy.model.frozen import frozen
from understudy.testing.reference.additional import Addition
from understudy.testing.reference.resolve import Findings


@frozen
class Habits:
    """What an operator may set: the defaults are those of the engine.

    `udp_octets`: announced, and kept to. `is_minimal`: nothing that is only useful. `name`: for NSID.
    """

    udp_octets: int = 1232
    is_minimal: bool = False
    name: str = ""
    has_cookies: bool = False


@dataclass(slots=True)
class Expected:
    """A response before it is cut to size. `limit_octets`: the most that may be sent."""

    query: dns.message.Message
    rcode: Rcode
    limit_octets: int
    habits: Habits = field(default_factory=Habits)
    findings: Findings = field(default_factory=Findings)
    addition: Addition = field(default_factory=Addition)

    def message(self) -> dns.message.Message:
        """As it is sent: whole, without what is only useful, or truncated (RFC 2181 9, RFC 9471 3.1)."""
        rest = list(self.addition.useful)
        while True:
            message = self._composed([*self.addition.required, *rest])
            if len(message.to_wire(max_size=65535)) <= self.limit_octets:
                return message
            if not rest:
                break
            rest.pop()
        truncated = self.head()
        truncated.flags |= dns.flags.TC
        return truncated

    def whole(self) -> dns.message.Message:
        """With everything, however large."""
        return self._composed([*self.addition.required, *self.addition.useful])

    def least(self) -> dns.message.Message:
        """With what must not be left out, however large."""
        return self._composed(self.addition.required)

    def head(self) -> dns.message.Message:
        """Header, question and OPT."""
        query = self.query
        message = dns.message.Message(query.id)
        if len(query.question) == 1:
            message.question = list(query.question)
        # RFC 1035 4.1.1: RD is copied. RFC 4035 3.1.6: CD is cleared, and nothing here is authentic, so AD is too.
        message.flags = dns.flags.QR | (query.flags & dns.flags.RD)
        message.set_opcode(query.opcode())
        if self.findings.is_authoritative:
            message.flags |= dns.flags.AA
        if query.edns >= 0:
            # RFC 6891 6.1.1 and 7: OPT answers OPT; RFC 3225 3: DO is copied.
            message.use_edns(0, query.ednsflags & dns.flags.DO, payload=self.habits.udp_octets)
        message.set_rcode(self.rcode)
        return message

    def _composed(self, additional: list[dns.rrset.RRset]) -> dns.message.Message:
        message = self.head()
        message.answer = list(self.findings.answer)
        message.authority = list(self.findings.authority)
        message.additional = additional
        return message
