"""An event loop as thin as Python allows: the load must cost less than the proxies it measures."""
import select
import time


class Loop:
    def __init__(self):
        self._epoll = select.epoll()
        self._handlers = {}

    def add(self, sock, handler, events=select.EPOLLIN):
        """Calls handler() whenever something (a socket, a file number) is readable, or as events say."""
        fd = sock if isinstance(sock, int) else sock.fileno()
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def close(self, sock):
        """Forgets a socket and closes it."""
        del self._handlers[sock.fileno()]
        sock.close()

    def run(self, done, seconds, spin=False):
        """Serves everything until done() is true, for so many seconds at most; returns whether it is.

        With spin it never sleeps: nothing waits for the core to wake up.
        """
        poll, handlers = self._epoll.poll, self._handlers
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            for fd, _ in poll(0 if spin else left):
                handler = handlers.get(fd)
                if handler is not None:
                    handler()
        return True
