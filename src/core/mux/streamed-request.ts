import type { Request } from "./protocol.js";
import type { RequestBody } from "./request-body.js";

/** A request whose body goes on while it has its turn. It cannot be sent twice: nobody keeps what has passed. */
export function withBody({ key: _, ...request }: Request, body: RequestBody): Request {
  return {
    ...request,
    body,
    reads: false,
    closesConnection: true, // many devices do not read bodies that they do not need: they take them for requests
    get closesClient() {
      return request.closesClient === true || body.closesClient;
    },
  };
}
