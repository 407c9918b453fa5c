import type { Story } from "../story.js";

/** HTTP devices. */
export const WEB_DEVICES: readonly Story[] = [];
