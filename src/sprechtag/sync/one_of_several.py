# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the events of a tandem's hosts are noted: the first one's as any booking's, the others' beside it."""

from datetime import datetime
from typing import Any

from ..conference.effects import OTHERS, Ledger
from ..conference.slots import TimeSpan
from ..conference.tables import EffectKind
from ..conference.views import BookingView


class OneOfSeveral:
    """A ledger for one of the events of a booking. `remote` is what is noted of all of them; with `user_id` it is that
    user's whose event is written."""

    def __init__(self, ledger: Ledger, remote: dict[str, Any]) -> None:
        self._ledger = ledger
        self.remote = dict(remote)
        self.user_id = ""

    @property
    def known(self) -> dict[str, Any]:
        """What is noted of this one's event."""
        if self.user_id:
            return dict(self.remote.get(OTHERS, {}).get(self.user_id, {}))
        return {name: value for name, value in self.remote.items() if name != OTHERS}

    def keep(self, remote: dict[str, Any]) -> None:
        """Empty where the event is gone."""
        others = dict(self.remote.get(OTHERS, {}))
        first = {name: value for name, value in self.remote.items() if name != OTHERS}
        if self.user_id:
            others[self.user_id] = remote
        else:
            first = remote
        others = {user_id: one for user_id, one in others.items() if one}
        self.remote = first | ({OTHERS: others} if others else {})

    def remember(self, booking_id: int, kind: EffectKind, remote: dict[str, Any]) -> None:
        """As `Ledger.remember`: before the event is made."""
        self.keep(remote)
        self._ledger.remember(booking_id, kind, self.remote)

    def note_difference(self, view: BookingView, uid: str, stood: TimeSpan | None, now: datetime) -> None:
        """Only the first one's is compared after a restore."""
        if not self.user_id:
            self._ledger.note_difference(view, uid, stood, now)
