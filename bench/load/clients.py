"""Clients of the echo backend: round trips, connections, idle pairs."""
import socket
import time

SIZE = 64
DRAIN_SECONDS = 10  # longest wait for the last echoes
MESSAGE = b"m" * SIZE


def connect(port):
    """Returns a non-blocking connection to a proxy on the loopback address, without Nagle's delay."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(times, took):
    """Returns the number of times (in seconds), the seconds they took together, and percentiles in milliseconds."""
    if not times:
        raise TimeoutError("no message came back")
    times.sort()
    return {
        "count": len(times),
        "seconds": took,
        "p50": percentile(times, 0.5) * 1e3,
        "p99": percentile(times, 0.99) * 1e3,
    }


class Clients:
    def __init__(self, loop):
        self._loop = loop
        self._pairs = []
        self._sending = False
        self._in_flight = 0

    def round_trips(self, port, connections, seconds, message=MESSAGE.decode()):
        """Sends messages and takes their echoes on several connections, one message in flight on each, for some seconds.

        The last echoes are taken, too, so that the connections end in order: what a proxy does about resets would meet the next measure.
        Returns the summary() of the times.
        """
        times = []
        message = message.encode()
        socks = [connect(port) for _ in range(connections)]
        now = time.perf_counter

        start = now()
        self._sending, self._in_flight = True, 0
        for sock in socks:
            self._drive(sock, message, times)
        self._loop.run(lambda: False, seconds)
        took = now() - start
        result = summary(times, took)
        self._stop(socks)
        return result

    def _stop(self, socks):
        """Takes the last echoes, and closes."""
        self._sending = False
        if not self._loop.run(lambda: self._in_flight == 0, DRAIN_SECONDS):
            raise TimeoutError(f"{self._in_flight} messages do not come back")
        for sock in socks:
            self._loop.close(sock)

    def _drive(self, sock, message, times):
        """Sends a message, and again after each echo; notes the time of each round trip."""
        recv, send, note, now = sock.recv, sock.send, times.append, time.perf_counter
        size = len(message)
        sent = now()

        def answer():
            nonlocal sent
            if len(recv(65536)) != size:
                raise ValueError("an echo of another size, or the end of the connection")
            if not self._sending:
                self._in_flight -= 1
                return
            at = now()
            note(at - sent)
            sent = at
            send(message)

        self._in_flight += 1
        self._loop.add(sock, answer)
        send(message)

    def beside(self, port, work):
        """Sends messages and takes their echoes on one connection, one in flight, while work() runs the loop.

        Returns the summary() of the times, updated with the result of work().
        """
        times = []
        sock = connect(port)
        self._sending, self._in_flight = True, 0
        self._drive(sock, MESSAGE, times)
        result = work()
        answer = {**summary(times, result["seconds"]), **result}
        self._stop([sock])
        return answer

    def connections(self, ports, concurrency, seconds):
        """Opens a connection, takes one echo, closes it, and again, for some seconds; returns the count and the seconds."""
        count = 0
        end = time.monotonic() + seconds
        in_flight = 0

        def begin():
            nonlocal in_flight
            if time.monotonic() >= end:
                return
            sock = connect(ports[(count + in_flight) % len(ports)])
            in_flight += 1

            def answer():
                nonlocal count, in_flight
                if len(sock.recv(65536)) != SIZE:
                    raise ValueError("an echo of another size, or the end of the connection")
                self._loop.close(sock)
                count += 1
                in_flight -= 1
                begin()

            self._loop.add(sock, answer)
            sock.send(MESSAGE)

        start = time.monotonic()
        for _ in range(concurrency):
            begin()
        if not self._loop.run(lambda: in_flight == 0, seconds + 10):
            raise TimeoutError(f"{in_flight} connections get no answer")
        return {"count": count, "seconds": time.monotonic() - start}

    def open_pairs(self, ports, count):
        """Opens connections, takes one echo on each, and keeps them open."""
        missing = 0

        def add(sock):
            def answer():
                nonlocal missing
                if len(sock.recv(65536)) != SIZE:
                    raise ValueError("an echo of another size, or the end of the connection")
                missing -= 1

            self._loop.add(sock, answer)
            sock.send(MESSAGE)

        while len(self._pairs) < count:
            for _ in range(min(50, count - len(self._pairs))):
                sock = connect(ports[len(self._pairs) % len(ports)])
                self._pairs.append(sock)
                missing += 1
                add(sock)
            if not self._loop.run(lambda: missing == 0, 10):
                raise TimeoutError(f"{missing} of {len(self._pairs)} connections get no answer")
        return {"count": count}

    def close_pairs(self):
        """Closes the connections of open_pairs()."""
        for sock in self._pairs:
            self._loop.close(sock)
        self._pairs = []
        return {}
