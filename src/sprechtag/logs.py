# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be written down, and how often."""

import time
from dataclasses import dataclass, field

SAID_EVERY = 60.0


@dataclass
class OnceAMinute:
    """For what thousands may have to say alike."""

    _said: dict[str, float] = field(default_factory=dict)

    def is_new(self, what: str) -> bool:
        """Whether this was not said within a minute; it is said then."""
        now = time.monotonic()
        if now - self._said.get(what, float("-inf")) <= SAID_EVERY:
            return False
        self._said = {said: at for said, at in self._said.items() if now - at <= SAID_EVERY} | {what: now}
        return True


def kind_of(error: BaseException) -> dict[str, str]:
    """What may be written down of an error: its kind and where in our code it arose, not what it says."""
    where = ""
    trace = error.__traceback__
    while trace:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if str(name).startswith(__package__ or "sprechtag"):
            where = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"error": type(error).__name__, "at": where}
