# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server's `/metrics` says: signaling servers from 0.4 to 2.1 and their proxies, coturn, node_exporter.

Names and since when: docs/prometheus-metrics.md of nextcloud-spreed-signaling; coturn's prom_server.c. What a server
does not say is missing in the reading, not zero: an old version knows less, and gauges with labels appear only once
there was a session."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

Reading = dict[str, float]
"""By our own short names: see `_NAMES`. Counters are as the server counts, bytes and seconds."""

_Sum = Callable[[Iterable[float]], float]
_NAMES: tuple[tuple[str, str, _Sum], ...] = (
    ("signaling_hub_rooms", "rooms", sum),
    ("signaling_hub_sessions", "sessions", sum),
    ("signaling_call_sessions", "call_sessions", sum),
    ("signaling_mcu_publishers", "publishers", sum),
    ("signaling_mcu_subscribers", "subscribers", sum),
    ("signaling_proxy_publishers", "publishers", sum),
    ("signaling_proxy_subscribers", "subscribers", sum),
    ("signaling_http_client_pool_connections", "pool", max),
    ("signaling_mcu_backend_load", "backend_load", max),
    ("signaling_mcu_backend_usage", "usage_percent", max),
    ("signaling_mcu_nopublisher_total", "no_publisher", sum),
    ("signaling_mcu_no_backend_available_total", "no_backend", sum),
    ("signaling_mcu_slow_link_total", "slow_links", sum),
    ("process_network_transmit_bytes_total", "sent_bytes", sum),
    ("process_network_receive_bytes_total", "received_bytes", sum),
    ("process_cpu_seconds_total", "cpu_seconds", sum),
    ("turn_total_allocations", "turn_allocations", sum),
    ("turn_total_allocations_number", "turn_allocations", sum),
    ("turn_total_traffic_sentb_total", "turn_sent_bytes", sum),
    ("turn_total_traffic_sentb", "turn_sent_bytes", sum),
    ("node_load1", "node_load", max),
)
_COUNTERS = (
    "no_publisher",
    "no_backend",
    "slow_links",
    "ice_failed",
    "dtls_failed",
    "joins",
    "offers_asked",
    "answers",
    "slow_answers",
    "timeouts",
)
_FAILED = {"failed"}
MOST = 1e18
MOST_LINES = 50_000
LONGEST_LINE = 4000
MOST_ROOMS = 10_000
_ROOM = re.compile("[A-Za-z0-9_-]{1,64}")


class Unreadable(ValueError):
    """What came is no metrics; the message says what it was instead."""


@dataclass(frozen=True)
class Metrics:
    """`reading` can be kept; `rooms` (Talk tokens and how many sessions are in each) is only looked at."""

    reading: Reading
    rooms: Mapping[str, int] = field(default_factory=dict)


def read(text: str) -> Metrics:
    """Raises `Unreadable`."""
    lines = text.split("\n")
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise Unreadable("The answer is too long.")
    try:
        return _metrics(_samples(text))
    except Unreadable:
        raise
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError) as error:
        raise Unreadable("The answer is not in Prometheus' text format.") from error


def _samples(text: str) -> "dict[str, list[Sample]]":
    """By name, without those whose value is none that can be counted with (NaN, endless, beyond all measure)."""
    # Only on a conference day.
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if abs(sample.value) <= MOST:
                found.setdefault(sample.name, []).append(sample)
    if not found:
        raise Unreadable("The answer holds no metrics.")
    return found


def _metrics(found: "Mapping[str, list[Sample]]") -> Metrics:
    reading: Reading = {}
    for name, short, together in _NAMES:
        if name in found:
            reading[short] = reading.get(short, 0.0) + together(sample.value for sample in found[name])
    _add(reading, "ice_failed", found, "signaling_mcu_ice_state_total", "state", _FAILED)
    _add(reading, "dtls_failed", found, "signaling_mcu_dtls_state_total", "state", _FAILED)
    _add(reading, "joins", found, "signaling_server_messages_total", "type", {"room"})
    _add(reading, "offers_asked", found, "signaling_mcu_messages_total", "type", {"requestoffer"})
    _add(reading, "bandwidth_out", found, "signaling_mcu_bandwidth", "direction", {"outgoing"})
    _add(reading, "bandwidth_in", found, "signaling_mcu_bandwidth", "direction", {"incoming"})
    _add(reading, "idle_seconds", found, "node_cpu_seconds_total", "mode", {"idle"})
    if "node_cpu_seconds_total" in found:
        reading["cores"] = float(len({sample.labels.get("cpu") for sample in found["node_cpu_seconds_total"]}))
    _add(reading, "timeouts", found, "signaling_backend_client_requests_errors_total", "error", {"timeout"})
    _answers(reading, found)
    _network(reading, found)
    _round_trip(reading, found)
    rooms: dict[str, int] = {}
    for sample in found.get("signaling_room_sessions", []):
        room = sample.labels.get("room", "")
        if not _ROOM.fullmatch(room) or (room not in rooms and len(rooms) >= MOST_ROOMS):
            continue
        rooms[room] = rooms.get(room, 0) + int(sample.value)
    if rooms:
        reading["seated"] = float(sum(rooms.values()))
    return Metrics(reading, rooms)


def _add(
    reading: Reading, short: str, found: "Mapping[str, list[Sample]]", name: str, label: str, values: set[str]
) -> None:
    if name in found:
        reading[short] = sum(sample.value for sample in found[name] if sample.labels.get(label) in values)


def _network(reading: Reading, found: "Mapping[str, list[Sample]]") -> None:
    """node_exporter's, without what stays in the machine; it counts more than the process does, so it goes first."""
    for name, short in (
        ("node_network_transmit_bytes_total", "sent_bytes"),
        ("node_network_receive_bytes_total", "received_bytes"),
    ):
        outside = [one.value for one in found.get(name, []) if one.labels.get("device") != "lo"]
        if outside:
            reading[short] = sum(outside)


def _answers(reading: Reading, found: "Mapping[str, list[Sample]]") -> None:
    """How long Nextcloud takes to answer the signaling server (2.0.3 and newer, seconds): how many answers there were,
    and how many took longer than about a second."""
    name = "signaling_backend_client_requests_duration"
    if buckets := found.get(f"{name}_bucket"):
        limit = min({one.labels["le"] for one in buckets}, key=lambda le: abs(float(le) - 1))
        quick = sum(one.value for one in buckets if one.labels["le"] == limit)
        reading["answers"] = sum(one.value for one in found.get(f"{name}_count", []))
        reading["slow_answers"] = reading["answers"] - quick


def _round_trip(reading: Reading, found: "Mapping[str, list[Sample]]") -> None:
    """Sum and count of a histogram of 2.1, in milliseconds: of the media, else of the WebSocket."""
    for name in ("signaling_mcu_media_rtt", "signaling_client_rtt"):
        if samples := found.get(f"{name}_count"):
            reading["rtt_count"] = sum(sample.value for sample in samples)
            reading["rtt_ms_sum"] = sum(sample.value for sample in found.get(f"{name}_sum", []))
            return


def together(readings: Iterable[Reading]) -> Reading:
    """One reading of several sources of the same machine; the first that says something counts."""
    whole: Reading = {}
    for reading in readings:
        whole = reading | whole
    return whole


@dataclass(frozen=True)
class Rates:
    """What two readings of one server say: Mbit/s out and in, `load` as a share of 1, `round_trip` in seconds, and how
    much counters have grown."""

    out_mbit: float | None = None
    in_mbit: float | None = None
    load: float | None = None
    round_trip: float | None = None
    grown: Mapping[str, float] = field(default_factory=dict)


def rates(before: Reading, before_at: datetime, now: Reading, now_at: datetime) -> Rates:
    """Raises nothing: a server that was restarted counts from zero, and what it says is left out once."""
    seconds = (now_at - before_at).total_seconds()
    grown = {name: now[name] - before.get(name, 0.0) for name in _COUNTERS if name in now}
    grown = {name: more for name, more in grown.items() if more >= 0}

    def per_second(name: str) -> float | None:
        if seconds <= 0 or name not in now or name not in before or now[name] < before[name]:
            return None
        return (now[name] - before[name]) / seconds

    def mbit(gauge: str, counter: str) -> float | None:
        if gauge in now:
            return now[gauge] * 8 / 1e6
        grows = per_second(counter)
        return grows * 8 / 1e6 if grows is not None else None

    return Rates(
        mbit("bandwidth_out", "sent_bytes"),
        mbit("bandwidth_in", "received_bytes"),
        _load(now, per_second),
        _mean_round_trip(before, now),
        grown,
    )


def _load(now: Reading, per_second: Callable[[str], float | None]) -> float | None:
    """Of 1: the machine's, where node_exporter tells it; else the proxies' usage."""
    idle = per_second("idle_seconds")
    if idle is not None and now.get("cores"):
        return max(0.0, 1.0 - idle / now["cores"])
    if "usage_percent" in now:
        return now["usage_percent"] / 100
    return None


def _mean_round_trip(before: Reading, now: Reading) -> float | None:
    more = now.get("rtt_count", 0.0) - before.get("rtt_count", 0.0)
    if more <= 0:
        return None
    return (now["rtt_ms_sum"] - before.get("rtt_ms_sum", 0.0)) / more / 1000
