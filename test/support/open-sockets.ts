import { subscribe } from "node:diagnostics_channel";
import { Server, Socket } from "node:net";
import { after } from "node:test";

/**
 * Whatever imports this file leaves no socket open, and no port, behind its last test: either would keep the process from ending, and the
 * run of all tests with it, until its time limit.
 */
const sockets = new Set<Socket>();
const servers = new Set<Server>();

for (const channel of ["net.client.socket", "net.server.socket"]) {
  subscribe(channel, (message) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
}
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  servers.add(this.once("close", () => servers.delete(this)));
  return Reflect.apply(listen, this, args);
};

/**
 * A reset while the FIN is about to leave: libuv refuses it, Node forgets the socket, and at the end of the process waits for it for ever. So it
 * comes behind the FIN.
 */
const { resetAndDestroy } = Socket.prototype;
Socket.prototype.resetAndDestroy = function (this: Socket) {
  const { writableEnded, writableFinished, writableLength } = this;
  const isEnding = writableEnded && !writableFinished && writableLength === 0;
  if (isEnding && !this.destroyed) return this.once("finish", () => Reflect.apply(resetAndDestroy, this, []));
  return Reflect.apply(resetAndDestroy, this, []);
};

/** A server that stays open until its process ends, and does not keep it from ending. */
export function outlives(server: Server): void {
  servers.delete(server.unref());
}

after(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
});
