import type { Story } from "../story.js";

/** Devices that close, refuse, crash and come back. */
export const CONNECTIONS: readonly Story[] = [];
