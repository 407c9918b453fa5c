import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { portAnswers } from "./daemon.js";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** Debian's mosquitto, on a port of its own. */
export class Mosquitto {
  readonly port: number;
  readonly folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  /** Starts it for a test. @param lines of its configuration, behind those for the listener */
  static async start(t: TestContext, ...lines: string[]): Promise<Mosquitto> {
    const folder = mkdtempSync(`${tmpdir()}/sockproxyd-mosquitto-`);
    const broker = new Mosquitto(await freePort(), folder);
    t.after(async () => {
      await broker.kill();
      rmSync(folder, { recursive: true });
    });
    const login = lines.some((line) => line.startsWith("password_file")) ? [] : ["allow_anonymous true"];
    const text = ["user root", `listener ${broker.port} 127.0.0.1`, ...login, ...lines].join("\n");
    writeFileSync(`${folder}/mosquitto.conf`, `${text.replaceAll("FOLDER", folder)}\n`);
    if (login.length === 0) spawnSync("mosquitto_passwd", ["-c", "-b", `${folder}/passwords`, "hub", "s3cret"]);
    await broker.restart();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again: it has forgotten everything. */
  async restart(): Promise<void> {
    this.#child = spawn("mosquitto", ["-c", `${this.folder}/mosquitto.conf`], { stdio: "ignore" });
    await portAnswers(this.port);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** A message as a subscriber has got it. */
export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly isRetained: boolean;
}

/** A client of the broker that hears everything. */
export class Subscriber {
  readonly heard: Heard[] = [];
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, { retain }) =>
      this.heard.push({ topic, text: payload.toString("latin1"), isRetained: retain }),
    );
  }

  static async open(t: TestContext, url: string, options: IClientOptions = {}, topic = "#"): Promise<Subscriber> {
    const client = mqtt.connect(url, { reconnectPeriod: 50, ...options });
    const subscriber = new Subscriber(client);
    t.after(() => client.end(true));
    await client.subscribeAsync(topic, { qos: 1 });
    return subscriber;
  }

  publish(topic: string, text: string, retain = false): Promise<unknown> {
    return this.#client.publishAsync(topic, text, { retain });
  }

  /** All payloads of a topic so far. */
  of(topic: string): string[] {
    return this.heard.filter((one) => one.topic === topic).map(({ text }) => text);
  }

  /** Waits until the last message of a topic is this one, or fits. */
  async last(topic: string, wanted: string | RegExp): Promise<string> {
    const fits = (text = ""): boolean => (typeof wanted === "string" ? text === wanted : wanted.test(text));
    try {
      await until(() => fits(this.of(topic).at(-1)), `${topic}: ${wanted}`);
    } catch (error) {
      throw new Error(`heard: ${JSON.stringify(this.heard.slice(-10))}`, { cause: error });
    }
    return this.of(topic).at(-1) ?? "";
  }
}
