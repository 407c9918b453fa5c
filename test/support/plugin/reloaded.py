# A plugin that is reloaded by a test: `reloaded.py port line`. It connects, says the line, and copies what it reads to stdout at once. On
# stderr it tells the reply, and its own port. Commands on stdin, a letter each: c read what is there and close; s end the sending side and
# read on to the end; x read no more.
import os
import select
import socket
import sys


def reply(connection):
    text = b""
    while not text.endswith(b"\n"):
        text += connection.recv(1)
    return text


connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
reply(connection)
connection.sendall(sys.argv[2].encode() + b"\n")
os.write(2, reply(connection) + b"%d\n" % connection.getsockname()[1])
reading = True
while True:
    ready, _, _ = select.select([0, connection] if reading else [0], [], [])
    if connection in ready:
        chunk = connection.recv(65536)
        if not chunk:
            break
        os.write(1, chunk)
    if 0 in ready:
        command = os.read(0, 1)
        if command == b"s":
            connection.shutdown(socket.SHUT_WR)
        elif command == b"x":
            reading = False
            os.write(2, b"stopped\n")
        else:
            connection.setblocking(False)
            try:
                while True:
                    os.write(1, connection.recv(65536))
            except BlockingIOError:
                connection.close()
                break
