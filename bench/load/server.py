"""Servers for the backends."""
import socket


def serve(loop, backlog, handler_of):
    """Listens on a free port of the loopback address; returns the port.

    handler_of(conn) returns the function that takes the bytes of this connection.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)

    def accept():
        conn, _ = listener.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        recv, handle = conn.recv, handler_of(conn)

        def read():
            try:
                data = recv(65536)
                if data:
                    handle(data)
                    return
            except OSError:
                pass
            loop.close(conn)

        loop.add(conn, read)

    loop.add(listener, accept)
    return listener.getsockname()[1]
