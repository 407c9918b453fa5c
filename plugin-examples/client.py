"""Prints what a device sends, through sockproxyd: client.py host:port [proxy port]. SPDX-License-Identifier: MIT"""
import socket
import sys

target, port = sys.argv[1], int((sys.argv[2:] or ["2504"])[0])
with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as stream:
    if not stream.readline().startswith(b"OK TOGGLEDBITS-SOCKPROXY"):
        sys.exit(f"port {port} is not sockproxyd")
    sock.sendall(f"CONN {target}\n".encode())
    answer = stream.readline().decode().strip()
    if not answer.startswith("OK CONN"):
        sys.exit(answer)
    while data := stream.read1(65536):  # blocks until bytes come; empty when the device has closed
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
