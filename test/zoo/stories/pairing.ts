import type { Story } from "../story.js";

/** Devices that say what nobody asked for, and answers that must not be believed. */
export const PAIRING: readonly Story[] = [];
