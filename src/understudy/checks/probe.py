"""Run one probe, whatever its kind, and say what it saw."""

from __future__ import annotations

import asyncio

from understudy.checks.attempt import Attempt
from understudy.checks.registry import KINDS
from understudy.checks.transport.faults import TEXT_MAX, EndpointError, LocalError, ProbeError, of_os_error, plain
from understudy.clock.clock import Clock
from understudy.model.check import Check
from understudy.model.duration import format_duration
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation, Outcome

LAG_S = 0.25  # chosen: a loop that turns so slowly may have kept the endpoint's answer waiting for most of a deadline

_WAITING_FOR = {
    "connect": "no connection",
    "tls": "no TLS handshake",
    "send": "our request was not taken",
    "first_octet": "connected, but no answer",
    "read": "the answer did not end",
    "run": "the script did not end",
}


async def probe(check: Check, endpoint: Endpoint, clock: Clock) -> Observation:
    """One execution of `check` against `endpoint`, within the check's timeout. Raises nothing but CancelledError."""
    attempt = Attempt(check, endpoint, clock)
    begun_at = clock.now()
    limit = asyncio.timeout(check.schedule.timeout_s)
    outcome, reason = Outcome.PASS, ""
    try:
        async with limit:
            text = await KINDS[check.kind].probe(check.settings, attempt)
    except Exception as error:  # noqa: BLE001  # the one catch of a probe: whatever ends it is an observation
        is_late = limit.expired() and isinstance(error, TimeoutError)
        fault = _timed_out(attempt, clock.now() - begun_at) if is_late else _explain(error, attempt)
        outcome = Outcome.INCONCLUSIVE if isinstance(fault, LocalError) else Outcome.FAIL
        reason, text = fault.reason, fault.text
    now = clock.now()
    return Observation(outcome, now, reason, plain(text, TEXT_MAX), attempt.finish(now))


def _timed_out(attempt: Attempt, took_s: float) -> ProbeError:
    """A deadline that passed is the endpoint's fault, except where our own resolver or our own loop was slow."""
    after = format_duration(attempt.timeout_s)
    if took_s > attempt.timeout_s + LAG_S:
        over = format_duration(took_s - attempt.timeout_s)
        return LocalError(
            "local.lag", f"this host was too busy to tell: the deadline of {after} was noticed {over} late"
        )
    if attempt.phase == "peer":
        return LocalError("dns.peer", f"the peer to compare with gave no answer within {after}")
    if attempt.phase == "resolve":
        return LocalError("resolve.timeout", f"our resolver gave no answer for {attempt.endpoint} within {after}")
    what = attempt.missed or _WAITING_FOR.get(attempt.phase, "nothing came of it")
    return EndpointError(f"timeout.{attempt.phase or 'start'}", f"{what} within {after}")


def _explain(error: Exception, attempt: Attempt) -> ProbeError:
    """Whose fault an error is; one that nobody foresaw is a bug of ours, logged whole, and never the endpoint's."""
    if isinstance(error, ProbeError):
        return error
    if isinstance(error, OSError):
        return of_os_error(error, attempt.phase)
    import structlog  # nobody foresaw this, and a server starts sooner without

    log = structlog.get_logger(__name__)
    log.error("a probe failed by a bug", check=attempt.check.name, endpoint=str(attempt.endpoint), exc_info=error)
    return LocalError("local.bug", f"a bug in the check: {type(error).__name__}: {error}")
