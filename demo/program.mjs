import { once } from "node:events";
import { connect } from "node:net";
import { requestFor, valueIn } from "./inverter.mjs";
import { pause } from "./ports.mjs";
import { story } from "./story.mjs";

const UNITS = { power: "W", yield: "kWh" };
const RECONNECT_MS = 3000;

/** A program that polls the inverter, and believes that it is alone with it. */
export class Program {
  #name;
  #what;
  #port;
  #socket;
  #asked = 0;

  /** @param {"power" | "yield"} what it asks for */
  constructor(name, what, port) {
    this.#name = name;
    this.#what = what;
    this.#port = port;
  }

  async connect() {
    this.#socket = connect({ port: this.#port, host: "127.0.0.1" });
    await once(this.#socket, "connect");
    this.#socket.on("error", () => {});
  }

  /** Asks, and waits for the answer. */
  async ask({ aloud = true } = {}) {
    this.#asked += 1;
    this.#socket.write(requestFor(this.#what, this.#asked));
    const [answer] = await once(this.#socket, "data");
    if (aloud) story(this.#name, `reads   ${this.#what} ${valueIn(answer)} ${UNITS[this.#what]}`);
  }

  /** Asks again and again, and tells nothing. Whoever closes its connection sees it come back. @param {number} everyMs */
  poll(everyMs) {
    const timer = setInterval(() => void this.ask({ aloud: false }).catch(() => {}), everyMs);
    this.#socket.once("close", async () => {
      clearInterval(timer);
      await pause(RECONNECT_MS);
      await this.connect();
      this.poll(everyMs);
    });
  }
}
