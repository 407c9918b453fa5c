/** Which way bytes go: from the client, or to it. */
export type Direction = "up" | "down";
