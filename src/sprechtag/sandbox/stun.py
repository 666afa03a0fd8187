# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A STUN server that answers as one on the internet does to somebody at home (RFC 8489, binding requests only): it
sees them at an address of their router's. For the device check."""

import asyncio
import socket
import struct
import threading

MAGIC = 0x2112A442
ROUTER = "203.0.113.7"
"""An address for documentation (RFC 5737)."""
REQUEST, ANSWER, XOR_MAPPED = 0x0001, 0x0101, 0x0020


def answer(message: bytes, address: tuple[str, int]) -> bytes | None:
    """The answer to a binding request from this address; None for anything else."""
    if len(message) < 20:
        return None
    kind, _, cookie = struct.unpack("!HHI", message[:8])
    if kind != REQUEST or cookie != MAGIC:
        return None
    host = struct.unpack("!I", socket.inet_aton(ROUTER))[0] ^ MAGIC
    mapped = struct.pack("!HHBBHI", XOR_MAPPED, 8, 0, 1, address[1] ^ (MAGIC >> 16), host)
    return struct.pack("!HHI", ANSWER, len(mapped), MAGIC) + message[8:20] + mapped


class _Protocol(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if said := answer(data, addr):
            self._transport.sendto(said, addr)  # type: ignore[attr-defined]


class Stun:
    """Listens on a free UDP port of this machine until it is stopped."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> int:
        """Returns the port."""
        self._thread.start()
        opened = self._loop.create_datagram_endpoint(_Protocol, local_addr=("127.0.0.1", 0))
        transport, _ = asyncio.run_coroutine_threadsafe(opened, self._loop).result(10)
        return int(transport.get_extra_info("sockname")[1])

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
