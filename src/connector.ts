import type { Socket } from "node:net";
import { buildConnector } from "undici";
import { InterimAnswers } from "./core/interim.js";

/**
 * Connects for clients of undici, and keeps interim answers from them: undici takes `100 Continue` for a fault of the server when
 * it has not asked for it. Good for one request at a time on a connection, written at once.
 */
export function connectorFor(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs });
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null) skipInterimAnswers(socket);
      callback(...outcome);
    });
}

function skipInterimAnswers(socket: Socket): void {
  const answers = new InterimAnswers();
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    answers.begin();
    return write(...args);
  };
  socket.read = (size?: number) => {
    try {
      for (;;) {
        const chunk = read(size) as Buffer | null;
        const rest = chunk === null ? null : answers.push(chunk);
        if (rest === null || rest.length > 0) return rest;
      }
    } catch (error) {
      socket.destroy(error as Error);
      return null;
    }
  };
}
