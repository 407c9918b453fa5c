import type { Connection } from "../connection.js";
import type { Order } from "../core/setup/order.js";

/** A port to accept connections on, and what happens to them. */
export interface Listener {
  readonly kind: string;
  readonly port: number;
  /** Where its connections go, when it is not for the client to say. */
  readonly order?: Order;
  /** Takes a new connection in hand. */
  welcome(connection: Connection): void;
}
