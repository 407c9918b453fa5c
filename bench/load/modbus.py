"""Modbus/TCP: a device, and clients that know its correct answers.

Each request reads registers, and each register holds its own address. So a client notices the answer to another request.
"""
import collections
import itertools
import struct
import time

from clients import connect, summary
from server import serve

UNIT = 1
READ = 3  # holding registers
COUNT = 10  # of registers that a request reads
REQUEST_SIZE = 12
REGISTERS = struct.pack(">65536H", *range(65536))
ANSWER_LENGTH = struct.pack(">H", 3 + 2 * COUNT)  # bytes behind it: unit, function, size of the data, data
DATA_SIZE = bytes([2 * COUNT])

OWN_READS = 64  # of each client, at addresses that no other client reads
SHARED_READS = 4  # the same for all clients


def make_request(transaction, address):
    return struct.pack(">HHHBBHH", transaction, 0, 6, UNIT, READ, address, COUNT)


def make_answer(request):
    first = 2 * (request[8] << 8 | request[9])
    return request[:4] + ANSWER_LENGTH + request[6:8] + DATA_SIZE + REGISTERS[first : first + 2 * COUNT]


def serve_device(loop, seconds=0, beside=1):
    """Listens on a free port of the loopback address as a device that takes `seconds` for a request; returns the port.

    On each connection it works on `beside` requests at the same time; further ones wait.
    """

    def handler_of(conn):
        send, now = conn.send, time.monotonic
        ends = collections.deque([0.0] * beside, beside)  # the times of the last answers

        def answer_later(answer):
            def say():
                try:
                    send(answer)
                except OSError:
                    pass  # the connection is closed

            ends.append(max(now(), ends[0]) + seconds)
            loop.at(ends[-1], say)

        answer = answer_later if seconds else send

        def work(data):
            for at in range(0, len(data), REQUEST_SIZE):
                answer(make_answer(data[at : at + REQUEST_SIZE]))

        return work

    return serve(loop, 64, handler_of)


class Pollers:
    def __init__(self, loop):
        self._loop = loop

    def polls(self, port, clients, seconds, shared):
        """Runs clients that read registers, each with one request in flight, for some seconds.

        Each client reads registers of its own; with shared, all clients read the same few. All clients use the same transaction ids: the
        multiplexer must tell their requests apart. Returns the summary() of the times.
        """
        times = []
        socks = [connect(port) for _ in range(clients)]
        now = time.perf_counter

        def drive(sock, client):
            reads = SHARED_READS if shared else OWN_READS
            base = 0 if shared else client * reads
            requests = [make_request(index, (base + index) * COUNT) for index in range(reads)]
            polls = itertools.cycle([(request, make_answer(request)) for request in requests])
            recv, send, note = sock.recv, sock.send, times.append
            request, expected = next(polls)
            sent = now()

            def answer():
                nonlocal request, expected, sent
                data = recv(65536)
                at = now()
                if data != expected:
                    raise ValueError(f"{data.hex() or 'the end of the connection'} instead of {expected.hex()}")
                note(at - sent)
                request, expected = next(polls)
                sent = now()
                send(request)

            self._loop.add(sock, answer)
            send(request)

        start = now()
        for client, sock in enumerate(socks):
            drive(sock, client)
        self._loop.run(lambda: False, seconds)
        took = now() - start
        for sock in socks:
            self._loop.close(sock)
        return summary(times, took)
