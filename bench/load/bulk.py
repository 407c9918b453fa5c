"""Bulk: a backend that sends as fast as it can, and a client that discards.

Sending copies once, from a buffer that stays in the CPU cache. MSG_TRUNC makes the kernel drop received bytes without a copy. So both ends
together cost a fraction of a proxy's work, and one core for both keeps the proxy's core busy. (sendfile is slower than that one copy:
it takes a reference for every page. A Node process at either end costs as much as the proxy.)
"""
import os
import select
import socket
import time

CHUNK = 1 << 20


class Bulk:
    def __init__(self, loop):
        self._loop = loop
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._data = memoryview(os.urandom(CHUNK))
        self._sink = bytearray(CHUNK)
        self.port = self._listener.getsockname()[1]

    def run(self, port, seconds, limit_bytes, spin):
        """Connects to a proxy and receives from this backend through it, until the seconds are over or the bytes are sent.

        With spin the core never sleeps: the proxy would wait for it to wake up. Returns the bytes, and the seconds from the first to the last one.
        """
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._listener.settimeout(10)
        source, _ = self._listener.accept()
        source.setblocking(False)
        client.setblocking(False)
        end = time.monotonic() + seconds
        sent = received = 0
        first = last = 0.0
        over = False

        def send():
            nonlocal sent
            try:
                sent += source.send(self._data[: limit_bytes - sent])
            except BlockingIOError:
                return
            if sent >= limit_bytes or time.monotonic() >= end:
                self._loop.close(source)

        def receive():
            nonlocal received, first, last, over
            count = client.recv_into(self._sink, CHUNK, socket.MSG_TRUNC)
            last = time.monotonic()
            if count == 0:
                over = True
                self._loop.close(client)
                return
            if received == 0:
                first = last
            received += count

        self._loop.add(source, send, select.EPOLLOUT)
        self._loop.add(client, receive)
        if not self._loop.run(lambda: over, seconds + 20, spin):
            raise TimeoutError("the bulk transfer does not end")
        if received != sent:
            raise ValueError(f"{sent} bytes sent, {received} received")
        return {"bytes": received, "seconds": last - first}
