"""What is wrong with a key (RFC 8945 section 3) is told in the same words, whoever read the answer."""

from __future__ import annotations

import dns.rcode
import dns.tsig
import pytest

from understudy.service.key_refusals import key_refusal


@pytest.mark.parametrize(
    ("rcode", "error", "words"),
    [
        (dns.rcode.BADSIG, dns.tsig.PeerBadSignature, "BADSIG, it has another secret"),
        (dns.rcode.BADKEY, dns.tsig.PeerBadKey, "BADKEY, it knows no key of this name and algorithm"),
        (dns.rcode.BADTIME, dns.tsig.PeerBadTime, "BADTIME, its clock and ours differ by more than it allows"),
        (dns.rcode.BADTRUNC, dns.tsig.PeerBadTruncation, "BADTRUNC, it asks for a longer signature"),
    ],
)
def test_each_refusal_says_where_to_look(rcode: dns.rcode.Rcode, error: type[Exception], words: str) -> None:
    assert key_refusal(int(rcode)) == words
    assert key_refusal(error()) == words


def test_a_refusal_that_no_text_knows_is_told_as_it_is() -> None:
    assert key_refusal(99) == "99"
    unknown: type[Exception] = dns.tsig.PeerError
    assert key_refusal(unknown("unknown TSIG error code 99")) == "unknown TSIG error code 99"
