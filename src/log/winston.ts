import type winston from "winston";
import createLoggerFile from "winston/lib/winston/create-logger.js";
import StreamFile from "winston/lib/winston/transports/stream.js";

// The parts of winston that the daemon uses. The package as a whole takes 2 MiB more (docs/benchmarks.md).

/** Makes a logger. */
export const createLogger = createLoggerFile as typeof winston.createLogger;

/** The transport that writes to a stream. */
export const StreamTransport = StreamFile as typeof winston.transports.Stream;

/** Where winston looks for the text of a line (its README, "Custom Formats"). */
export const MESSAGE = Symbol.for("message");
