// Files of winston, whose own types name the whole package. The types of what they hold stand in winston.ts.

declare module "winston/lib/winston/create-logger.js" {
  const createLogger: unknown;
  export default createLogger;
}

declare module "winston/lib/winston/transports/stream.js" {
  const Stream: unknown;
  export default Stream;
}
