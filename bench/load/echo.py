"""A backend that echoes every byte."""
import socket


def serve_echo(loop):
    """Listens on a free port of the loopback address and echoes every byte; returns the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)

    def accept():
        conn, _ = listener.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        recv, send = conn.recv, conn.send

        def echo():
            try:
                data = recv(65536)
                if data:
                    send(data)
                    return
            except OSError:
                pass
            loop.close(conn)

        loop.add(conn, echo)

    loop.add(listener, accept)
    return listener.getsockname()[1]
