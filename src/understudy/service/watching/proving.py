"""Asks a name server for the keys of a zone, and holds them against the DS records of the zone above."""

from __future__ import annotations

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY
import dns.rdtypes.ANY.DS

from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.service.watching.look import ask
from understudy.zones.survey import DsSet, Proof


async def find_proof(origin: Name, place: ServerPlace, ds: DsSet) -> Proof | None:
    """What the server's answers are worth to who validates them; None: it was not heard, or has not the zone."""
    name = dns.name.from_text(origin.absolute)
    try:
        response = await ask(name, dns.rdatatype.DNSKEY, place, is_tcp=True, is_proof_wanted=True)
    except (OSError, EOFError, dns.exception.DNSException):
        return None
    if response.rcode() != dns.rcode.NOERROR or not response.flags & dns.flags.AA:
        return None
    return judge_keys(name, response, ds)


def judge_keys(name: dns.name.Name, response: dns.message.Message, ds: DsSet) -> Proof:
    """By the zone's DNSKEY records as they were answered (RFC 4035 5.2); signatures are not computed."""
    keys = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    signatures = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
    if keys is None or signatures is None:
        return Proof.UNSIGNED
    listed = [dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, text) for text in ds.texts]
    is_known = any(_is_of(each, key, name) for each in listed for key in keys)
    return Proof.GIVEN if is_known else Proof.OTHER_KEY


def _is_of(ds: dns.rdata.Rdata, key: dns.rdata.Rdata, name: dns.name.Name) -> bool:
    """Whether a DS is of a key (RFC 4034 5.1); a digest that is not known here is believed."""
    if not isinstance(ds, dns.rdtypes.ANY.DS.DS) or not isinstance(key, dns.rdtypes.ANY.DNSKEY.DNSKEY):
        return False
    if (ds.key_tag, ds.algorithm) != (dns.dnssec.key_id(key), key.algorithm):
        return False
    try:
        made = dns.dnssec.make_ds(name, key, ds.digest_type, policy=dns.dnssec.allow_all_policy)
    except dns.exception.DNSException:
        return True
    return made.digest == ds.digest
