// A relay as Node's documentation shows it: what a daemon of Node without an option, a limit or a log would cost.
// node bare-node.cjs PORT [FRONT:BACK …]   listens on PORT where it has nothing to relay
const { connect, createServer } = require("node:net");

const [port, ...routes] = process.argv.slice(2);
for (const route of routes) {
  const [front, back] = route.split(":").map(Number);
  createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const remote = connect({ port: back, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    client.on("error", () => remote.destroy());
    remote.on("error", () => client.destroy());
    client.pipe(remote);
    remote.pipe(client);
  }).listen({ port: front, host: "127.0.0.1", backlog: 4096 });
}
if (routes.length === 0) createServer().listen(Number(port), "127.0.0.1");
