/** The direction of bytes: `up` from the client, `down` to the client. */
export type Direction = "up" | "down";
