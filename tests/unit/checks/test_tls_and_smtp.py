from __future__ import annotations

import ssl
from typing import Any

import pytest

from understudy.model.observation import Outcome
from understudy.testing.check_contract import Certificates, see
from understudy.testing.honest_peers import answers, takes_mail
from understudy.testing.hostile_peers import stays_silent
from understudy.testing.peers import Behaviour, Peer, encrypted

PASS, FAIL = Outcome.PASS, Outcome.FAIL


def shake(context: ssl.SSLContext, *, host: str = "127.0.0.1", **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(encrypted(context, stays_silent), host=host) as peer:
        seen = see("tls", {"port": peer.port, **settings}, host=host)
    return seen.outcome, seen.reason, seen.text


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_certificate_is_for_the_endpoint_unless_a_name_is_given(host: str, certificates: Certificates) -> None:
    trusted: dict[str, Any] = {"ca_file": certificates.ca_file}
    outcome, _, text = shake(certificates.server, host=host, **trusted)
    assert outcome is PASS
    assert text.startswith("TLSv1.3, certificate for ")
    assert shake(certificates.server, host=host, name="www.example.com", **trusted)[0] is PASS
    assert shake(certificates.other_name, host=host, **trusted)[:2] == (FAIL, "tls.certificate")
    assert shake(certificates.server, host=host, name="other.example", **trusted)[:2] == (FAIL, "tls.certificate")


def test_an_unverified_handshake_still_has_to_succeed(certificates: Certificates) -> None:
    assert shake(certificates.other_name, verify=False)[0] is PASS
    with Peer(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n", after=b"")) as peer:
        seen = see("tls", {"port": peer.port, "verify": False})
    assert (seen.outcome, seen.reason) == (FAIL, "tls.handshake")


def test_an_application_protocol_must_be_agreed_on_where_asked(certificates: Certificates) -> None:
    trusted: dict[str, Any] = {"ca_file": certificates.ca_file}
    assert shake(certificates.server, alpn="h2", **trusted)[0] is PASS
    assert shake(certificates.server, alpn="dot", **trusted)[0] is FAIL


def mail(behaviour: Behaviour, **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(behaviour) as peer:
        seen = see("smtp", {"port": peer.port, **settings})
    return seen.outcome, seen.reason, seen.text


def test_a_mail_server_that_greets_passes() -> None:
    assert mail(takes_mail()) == (PASS, "", "220 mail.example ready")


def test_mail_servers_may_greet_in_several_lines() -> None:
    """RFC 5321 4.2."""
    assert mail(takes_mail(greeting=b"220-mail.example\r\n220 ready\r\n"))[0] is PASS


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        (b"554 go away\r\n", "expected 220 to greeting, seen '554 go away'"),
        (b"421-busy\r\n421 later\r\n", "expected 220 to greeting, seen '421-busy'"),
        (b"HTTP/1.1 400 Bad Request\r\n", "seen 'HTTP/1.1 400 Bad Request'"),
        (b"220-" + b"x" * 20000, "more than any server says"),
        (b"220-x\r\n" * 4000, "expected 220 to greeting"),
    ],
)
def test_a_mail_server_that_does_not_welcome_fails(greeting: bytes, text: str) -> None:
    outcome, reason, seen = mail(takes_mail(greeting=greeting))
    assert (outcome, reason) == (FAIL, "smtp.reply")
    assert text in seen


def test_mail_over_tls_is_verified(certificates: Certificates) -> None:
    trusted = {"ca_file": certificates.ca_file, "name": "www.example.com"}
    implicit = encrypted(certificates.server, takes_mail())
    assert mail(implicit, tls="implicit", **trusted)[0] is PASS
    assert mail(takes_mail(certificates.server), tls="starttls", **trusted)[0] is PASS
    assert mail(takes_mail(certificates.other_name), tls="starttls", **trusted)[:2] == (FAIL, "tls.certificate")


def test_a_mail_server_without_starttls_fails_where_it_is_asked_for() -> None:
    assert mail(takes_mail(), tls="starttls")[:2] == (FAIL, "smtp.starttls")


def test_words_slipped_in_before_tls_are_not_taken_for_the_servers(certificates: Certificates) -> None:
    """RFC 3207 5 has them dropped."""

    def slip_in(connection: Any, stop: Any) -> None:
        connection.sendall(b"220 ready\r\n")
        connection.recv(100)
        connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        connection.recv(100)
        connection.sendall(b"220 go ahead\r\n250 injected\r\n")
        with certificates.server.wrap_socket(connection, server_side=True) as inner:
            inner.recv(100)
            inner.sendall(b"550 no\r\n")
            stop.wait()

    seen = mail(slip_in, tls="starttls", ca_file=certificates.ca_file, name="www.example.com")
    assert seen[:2] == (FAIL, "smtp.reply")
    assert "seen '550 no'" in seen[2]
