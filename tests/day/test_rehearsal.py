# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""That school's day, played: 80 hosts, 200 families, six media servers, one of them weaker."""

from pathlib import Path

from sprechtag.sandbox.rehearsal import JOINS, Plan, play


async def test_straight_to_talk_a_server_is_overrun(tmp_path: Path) -> None:
    day = await play(Plan(helped=False), tmp_path)
    assert (len(day.calls), len(day.peaks)) == (200, 6)
    assert day.overloaded and day.lost > 0
    assert max(day.peaks.values()) > 4 * JOINS


async def test_with_join_page_and_groups_none_is_and_every_call_is_up_within_half_a_minute(tmp_path: Path) -> None:
    day = await play(Plan(helped=True), tmp_path)
    assert day.overloaded == [] and day.lost == 0
    assert day.up_within(30) == 1.0
    on_time = [call for call in day.calls if call.arrives <= call.begins]
    assert len(on_time) > 100 and all(call.up is not None and call.up - call.begins <= 30 for call in on_time)
    assert all(call.let_in is not None and call.let_in <= call.ready + 20.1 for call in day.calls)
    assert day.alarm is not None and day.alarm <= 15
