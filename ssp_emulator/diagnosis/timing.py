"""Timing: what time it is here, and whether tokens and certificates can be judged by it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ssp_emulator.pki.consistency import written
from ssp_emulator.pki.holding import certificates_of

if TYPE_CHECKING:
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_FIRST_YEAR = 2026  # nobody ran this before
_TOKEN_LASTS = timedelta(minutes=5)
_PAUSE_S = 0.05
_APART_S = 0.5
_SET_IT = "set this machine's clock, and keep it set (NTP)"


def timing(subject: Subject, section: Section) -> None:
    """Look at the clock. Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" (exp is iat plus 300)."""
    now = subject.clock.now()
    section.facts |= {"utc": now.isoformat(), "timezone": list(time.tzname)}
    section.ok(f"it is {written(now)}; the local time zone is {time.tzname[0]}")
    if now.year < _FIRST_YEAR:
        section.problem(f"it cannot be {written(now)}", _SET_IT)
    wall, steady = time.time(), time.monotonic()
    time.sleep(_PAUSE_S)
    apart = abs((time.time() - wall) - (time.monotonic() - steady))
    section.facts["wall_and_monotonic_apart_s"] = round(apart, 3)
    if apart > _APART_S:
        section.warn(f"the clock was set by {apart:.1f} s while it was looked at", _SET_IT)
    _tell_of_certificates(subject, section)
    _tell_of_the_trail(subject, section)
    leeway = subject.settings.token.leeway_s
    section.facts["token"] = {"iat": now.isoformat(), "exp": (now + _TOKEN_LASTS).isoformat(), "leeway_s": leeway}
    section.ok(
        f"a token that is made now is good until {written(now + _TOKEN_LASTS)}; a consumer's clock that is ahead "
        f"by more than {leeway} s, or behind by more than 300 s, has its tokens refused"
    )


def _tell_of_certificates(subject: Subject, section: Section) -> None:
    now = subject.clock.now()
    for key, path in subject.configuration.tls_files().items():
        for each in certificates_of(path)[:1]:
            if each.not_valid_before_utc > now:
                ahead = each.not_valid_before_utc - now
                section.warn(f"{key}: {path} begins {ahead} from now, so this clock may be behind", _SET_IT)


def _tell_of_the_trail(subject: Subject, section: Section) -> None:
    try:
        ahead = subject.journal.stat().st_mtime - subject.clock.now().timestamp()
    except OSError:
        return
    if ahead > _PAUSE_S + 1:
        section.warn(f"the journal was last written {ahead:.0f} s in the future, so this clock went back", _SET_IT)
