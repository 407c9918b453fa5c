"""An event loop as thin as Python allows: the load must cost less than the proxies it measures."""
import heapq
import itertools
import math
import select
import time

NAP = 1e-3  # epoll sleeps for whole milliseconds: the loop stays awake for the last one before a timer


class Loop:
    def __init__(self):
        self._epoll = select.epoll()
        self._handlers = {}
        self._timers = []
        self._number = itertools.count()  # of a timer: keeps the order of timers for the same moment

    def add(self, sock, handler, events=select.EPOLLIN):
        """Calls handler() whenever a socket or file descriptor is readable, or when one of the given events happens."""
        fd = sock if isinstance(sock, int) else sock.fileno()
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def close(self, sock):
        """Forgets a socket and closes it."""
        del self._handlers[sock.fileno()]
        sock.close()

    def at(self, moment, handler):
        """Calls handler() at a moment of time.monotonic(), at most a millisecond late."""
        heapq.heappush(self._timers, (moment, next(self._number), handler))

    def run(self, done, seconds, spin=False):
        """Runs until done() is true or the seconds are over; returns whether done() is true.

        With spin it never sleeps, so nothing waits for the core to wake up.
        """
        poll, handlers, timers = self._epoll.poll, self._handlers, self._timers
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if timers:
                left = max(0, min(left, self._run_timers() - NAP))
            for fd, _ in poll(0 if spin else left):
                handler = handlers.get(fd)
                if handler is not None:
                    handler()
        return True

    def _run_timers(self):
        """Calls the handlers that are due; returns the seconds until the next timer."""
        timers, now = self._timers, time.monotonic()
        while timers and timers[0][0] <= now:
            heapq.heappop(timers)[2]()
        return timers[0][0] - now if timers else math.inf
