import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Action, MAX_ACTION_BYTES, parseAction } from "../core/web/action.js";
import { actionDenialReason, type Reader, readerName } from "../core/web/reader.js";
import type { Log } from "../log/log.js";
import { secretMatches } from "../system/same-secret.js";
import { errorPage, type HttpReply, jsonReply } from "./http-reply.js";

/** What became of a connection that is to be closed. */
export type CloseOutcome = "closed" | "closing" | "unknown";

/** What the daemon does for a reader of the page. */
export interface Controls {
  /** @param reason for the log of the connection */
  closeConnection(id: string, reason: string): CloseOutcome;
  /** Switches debug lines of the log, until a reload. */
  setDebug(on: boolean): void;
  /** @param reason for the log @returns what is wrong with the configuration, or undefined */
  reload(reason: string): Promise<string | undefined>;
}

/** What actions need of the daemon. */
export interface ActionsContext {
  readonly log: Pick<Log, "info" | "debugging">;
  readonly controls: Controls;
}

/**
 * What readers of the page may change (docs/web-and-metrics.md, "Actions"). The token shows that the request comes from a page that may read
 * our replies: no page of another site may.
 */
export class Actions {
  readonly #context: ActionsContext;
  readonly #token = randomBytes(16).toString("hex");

  constructor(context: ActionsContext) {
    this.#context = context;
  }

  /** The reply to `GET /actions`. @param hasLogin whether the configuration has a login */
  offer(reader: Reader, hasLogin: boolean): HttpReply {
    const debug = this.#context.log.debugging;
    const why = actionDenialReason(reader, hasLogin);
    return jsonReply(why === undefined ? { allowed: true, token: this.#token, debug } : { allowed: false, why, debug });
  }

  /** Does what a `POST` asks for, if this reader may. */
  async perform(kind: Action["kind"], request: IncomingMessage, reader: Reader, hasLogin: boolean): Promise<HttpReply> {
    const why = actionDenialReason(reader, hasLogin);
    if (why !== undefined) return errorPage(403, `nothing can be changed: ${why}`);
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
      return errorPage(415, "the body has to be application/json");
    }
    if (!this.#isToken(request.headers["x-token"])) {
      return errorPage(403, "the token is missing, or of another run: GET actions tells it");
    }
    const body = await bodyOf(request);
    if (body === undefined) return errorPage(413, `the body has more than ${MAX_ACTION_BYTES} bytes`);
    const action = parseAction(kind, body);
    return action.ok ? this.#do(action.value, readerName(reader)) : errorPage(400, action.message);
  }

  async #do(action: Action, who: string): Promise<HttpReply> {
    const { log, controls } = this.#context;
    switch (action.kind) {
      case "close":
        return this.#close(action.connection, who);
      case "debug": {
        const text = `debug lines are switched ${action.on ? "on" : "off"}`;
        controls.setDebug(action.on);
        log.info(`web page: ${text} by ${who}`);
        return jsonReply({ text });
      }
      case "reload": {
        const problem = await controls.reload(`web page, ${who}`);
        return problem === undefined ? jsonReply({ text: "the configuration is read again" }) : errorPage(409, problem);
      }
    }
  }

  #close(id: string, who: string): HttpReply {
    switch (this.#context.controls.closeConnection(id, `closed on the web page by ${who}`)) {
      case "unknown":
        return errorPage(404, `no connection "${id}"`);
      case "closing":
        return errorPage(409, `connection "${id}" is closing already`);
      case "closed":
        this.#context.log.info(`web page: connection ${id} is closed by ${who}`);
        return jsonReply({ text: `connection ${id} is closed` });
    }
  }

  #isToken(given: string | string[] | undefined): boolean {
    return secretMatches(Buffer.from(String(given)), this.#token);
  }
}

/** Reads a body. Resolves with undefined when it is too long; the rest of it is not read then. */
function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_ACTION_BYTES) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString()));
    request.on("error", () => resolve("")); // it has gone: nobody reads the reply
  });
}
