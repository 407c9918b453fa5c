// The files of undici have no types of their own; http-client.ts gives them those of the package.

declare module "undici/lib/dispatcher/client.js" {
  const Client: unknown;
  export default Client;
}

declare module "undici/lib/dispatcher/pool.js" {
  const Pool: unknown;
  export default Pool;
}

declare module "undici/lib/core/connect.js" {
  const buildConnector: unknown;
  export default buildConnector;
}

declare module "undici/lib/api/api-request.js" {
  const request: unknown;
  export default request;
}
