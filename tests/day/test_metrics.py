# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What servers of several versions say, as recorded, and one that runs here."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sprechtag.day.metrics import Unreadable, rates, read, together

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)


def sample(name: str) -> str:
    """The body of a recorded answer."""
    text = (SAMPLES / f"{name}.txt").read_text()
    return text.split("\n\n", 1)[1] if text.startswith("HTTP/") else text


@pytest.mark.parametrize(
    "name", ["0.4.1_janus_idle_metrics", "0.4.1_nomcu_metrics", "1.2.4_janus_idle_metrics", "2.0.2_janus_idle_metrics"]
)
def test_an_idle_server_of_any_version_says_little_and_nothing_wrong(name: str) -> None:
    metrics = read(sample(name))
    assert metrics.rooms == {}
    assert metrics.reading["cpu_seconds"] >= 0
    assert not {"rooms", "sessions", "publishers"} & {name for name, value in metrics.reading.items() if value}


def test_twelve_live_calls_on_2_0_2() -> None:
    metrics = read(sample("2.0.2_janus_12calls_live_metrics"))
    reading = metrics.reading
    assert (reading["rooms"], reading["sessions"], reading["seated"]) == (12, 24, 24)
    assert (reading["publishers"], reading["subscribers"]) == (24, 24)
    assert (reading["pool"], reading["joins"], reading["offers_asked"]) == (0, 52, 52)
    assert metrics.rooms["call000"] == 2
    assert len(metrics.rooms) == 12
    assert "load" not in reading


def test_2_1_as_it_is_documented() -> None:
    """Written after the documentation of 2.1, not recorded: the sample says so in its first line."""
    text = (SAMPLES / "2.1_documented_metrics.txt").read_text()
    assert "written after the documentation" in text.splitlines()[0]
    reading = read(text).reading
    assert (reading["call_sessions"], reading["usage_percent"], reading["slow_links"]) == (24, 42.5, 3)
    assert (reading["ice_failed"], reading["dtls_failed"]) == (2, 1)
    assert (reading["answers"], reading["slow_answers"], reading["timeouts"]) == (100, 12, 2)
    assert (reading["bandwidth_out"], reading["bandwidth_in"]) == (3_000_000, 1_500_000)
    seen = rates({"rtt_ms_sum": 500, "rtt_count": 10, "ice_failed": 0}, NOW, reading, NOW + timedelta(seconds=5))
    assert seen.out_mbit == 24
    assert seen.load == 0.425
    assert seen.round_trip == pytest.approx(0.05)
    assert seen.grown["ice_failed"] == 2


def test_coturn_and_node_exporter_add_what_they_know() -> None:
    whole = together([read(sample("coturn_metrics")).reading, read(sample("node_exporter_metrics")).reading])
    assert whole["turn_allocations"] == 7
    assert whole["turn_sent_bytes"] == 123_456
    assert whole["cores"] == 2
    later = whole | {"idle_seconds": whole["idle_seconds"] + 5, "sent_bytes": whole["sent_bytes"] + 5_000_000}
    seen = rates(whole, NOW, later, NOW + timedelta(seconds=5))
    assert seen.load == pytest.approx(0.5)
    assert seen.out_mbit == pytest.approx(8.0)


def test_a_server_that_was_restarted_has_no_negative_rate() -> None:
    seen = rates(
        {"sent_bytes": 5e9, "ice_failed": 9}, NOW, {"sent_bytes": 10, "ice_failed": 0}, NOW + timedelta(seconds=5)
    )
    assert seen.out_mbit is None
    assert seen.grown == {}


@pytest.mark.parametrize(
    "text", ["", "<html>Forbidden</html>", "signaling_hub_rooms{", "hello there world this is no number"]
)
def test_what_is_no_metrics_is_refused_in_words(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)
