import { once } from "node:events";
import { connect } from "node:net";
import { story } from "./story.mjs";

/** A plugin that is connected through the proxy: it reads lines in setup mode, and after that only when it is notified. */
export class Plugin {
  #socket;
  #tell;

  /** @param aloud whether it tells what it does */
  static async connect(port, { aloud = true } = {}) {
    const plugin = new Plugin();
    plugin.#tell = aloud ? (what) => story("plugin", what) : () => {};
    plugin.#socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(plugin.#socket, "connect");
    plugin.#socket.on("error", () => {});
    return plugin;
  }

  /** Reads one line from the proxy. */
  async line() {
    for (;;) {
      const chunk = this.#socket.read();
      if (chunk !== null) {
        this.#tell(`reads   ${chunk.toString().trimEnd()}`);
        return;
      }
      await once(this.#socket, "readable");
    }
  }

  say(line) {
    this.#tell(`says    ${line}`);
    this.#socket.write(`${line}\n`);
  }

  /** What the action HandleReceive does: it reads until the socket is empty. */
  readAll() {
    const chunk = this.#socket.read();
    if (chunk !== null) this.#tell(`reads   ${chunk.toString().trimEnd().replaceAll("\n", ", ")}`);
    if (this.#socket.readableEnded) {
      this.#tell('reads   nil, "closed"');
      this.#socket.end();
    }
  }
}
