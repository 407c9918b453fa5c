"""The load process. Backends and clients share it, so a message costs no process switch.

It first writes the ports of its backends. Then it reads commands from standard input, one JSON object a line: {"call": name, ...arguments}.
It answers each with one line: the result of the call and its CPU seconds, or {"error": text}. It ends at the end of its input.
"""
import gc
import json
import os
import resource
import sys
import time

from bulk import Bulk
from clients import Clients
from loop import Loop
from modbus import Pollers, serve_device
from server import serve

ECHO_PORTS = 4  # each port has its own set of connections in TIME_WAIT
SLOW_DEVICE_SECONDS = 0.01
BESIDE = 4  # requests that one of the slow devices works on at the same time


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.disable()  # a pause here would look like a pause of the proxy
    loop = Loop()
    bulk, clients, pollers = Bulk(loop), Clients(loop), Pollers(loop)
    calls = {
        "bulk": bulk.run,
        "bulk_beside": lambda port, echo_port, seconds: clients.beside(
            echo_port, lambda: bulk.run(port, seconds, sys.maxsize, False)
        ),
        "round_trips": clients.round_trips,
        "connections": clients.connections,
        "open_pairs": clients.open_pairs,
        "close_pairs": clients.close_pairs,
        "polls": pollers.polls,
    }
    text = b""

    def read():
        nonlocal text
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        text += data

    loop.add(0, read)
    devices = {
        "fast": serve_device(loop),
        "slow": serve_device(loop, SLOW_DEVICE_SECONDS),
        "slowBeside": serve_device(loop, SLOW_DEVICE_SECONDS, BESIDE),
    }
    say({"bulk": bulk.port, "echo": [serve(loop, 4096, lambda conn: conn.send) for _ in range(ECHO_PORTS)], "devices": devices, "files": hard})
    while True:
        loop.run(lambda: b"\n" in text, 3600)
        line, text = text.split(b"\n", 1)
        command = json.loads(line)
        before = time.process_time()
        try:
            answer = calls[command.pop("call")](**command)
            say({**answer, "cpu": time.process_time() - before})
        except (OSError, ValueError, TimeoutError) as error:
            say({"error": f"{type(error).__name__}: {error}"})
        gc.collect()


main()
