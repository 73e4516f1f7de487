"""What a version's message digest has to be before the version is used (ZONEMD, RFC 8976)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from understudy.model.zone import DigestRule

Verdict: TypeAlias = Literal["verified", "absent", "unknown", "other_serial", "mismatch"]
"""As the engine gives it."""

_WORDS = {
    "absent": "it has no message digest (ZONEMD)",
    "unknown": "it has no message digest (ZONEMD) of a scheme and a hash that are known here",
    "other_serial": "its message digest (ZONEMD) is that of another serial",
    "mismatch": "its message digest (ZONEMD) is not that of its records",
}
_UNPROVEN = frozenset(("absent", "unknown"))


def objection(verdict: Verdict, rule: DigestRule) -> str:
    """Why the version is not to be used; empty where nothing is wrong with it.

    A digest that cannot be compared proves nothing (RFC 8976 section 4): what is then done is the rule's to say.
    """
    if rule is DigestRule.IGNORE or verdict == "verified":
        return ""
    if rule is DigestRule.VERIFY and verdict in _UNPROVEN:
        return ""
    return _WORDS[verdict]
