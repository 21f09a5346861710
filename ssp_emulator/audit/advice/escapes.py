"""Percent-encoding: where it is needed, once, and in upper case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import ssp_guide
from ssp_emulator.target import Form

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

# Source: RFC 3986, 2.1 (upper case), 2.4 (not twice), 3.3 and 3.4 (what may stand in a path and a query as it is).
_ODD = re.compile(
    r"""(?P<raw>[|"<>^`{}\[\]])
      | (?P<twice>%25[0-9A-Fa-f]{2})
      | (?P<lower>%(?:[0-9A-F][a-f]|[a-f][0-9A-Fa-f]))
      | (?P<stray>%(?![0-9A-Fa-f]{2}))""",
    re.VERBOSE,
)
_SUSPECT = re.compile(r"""[%|"<>^`{}\[\]]""")  # much quicker, and most targets hold none of them
_SAID = {
    "raw": "{}, not percent-encoded",
    "twice": "{}, percent-encoded twice",
    "lower": "{}, in lower case",
    "stray": "{} without two hexadecimal digits behind it",
}


def _odd(exchange: Exchange, _: Seen) -> str | None:
    target = exchange.target
    if target is None or _SUSPECT.search(exchange.raw_target) is None:
        return None
    found = _ODD.search(target.text)
    if found is None and target.form is Form.ENCODED:
        found = _ODD.search(exchange.raw_target)
        found = found if found is not None and found.lastgroup == "lower" else None
    if found is None or found.lastgroup is None:
        return None
    return _SAID[found.lastgroup].format(found[0])


TARGET_ESCAPES = Advice(
    name="target-escapes",
    title="The target is not percent-encoded as it should be",
    remedy="Percent-encode what may not stand in a URL as it is, such as |, once, with upper-case digits (%7C).",
    wanted=Wanted.SPECIFICATION,
    source=ssp_guide("Consumer (percent encoding as in RFC 3986, 2.1)"),
    look=_odd,
)
