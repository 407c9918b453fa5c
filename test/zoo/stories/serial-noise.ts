import type { Story } from "../story.js";

/** Serial servers with noise, echoes and vendor frames. */
export const SERIAL_NOISE: readonly Story[] = [];
