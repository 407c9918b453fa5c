import type { Story } from "../story.js";

/** Gateways with several units, dead ones among them, and devices that are slow. */
export const UNITS: readonly Story[] = [];
