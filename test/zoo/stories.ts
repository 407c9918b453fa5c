import { BOOTING } from "./stories/booting.js";
import { CONNECTIONS } from "./stories/connections.js";
import { ECHOES } from "./stories/echoes.js";
import { FRAMINGS } from "./stories/framings.js";
import { LINES } from "./stories/line-ends.js";
import { LOGGER_STORIES } from "./stories/loggers.js";
import { ODD_ANSWERS } from "./stories/odd-answers.js";
import { OWN_IDS } from "./stories/own-ids.js";
import { PAIRING } from "./stories/pairing.js";
import { PAYMENTS } from "./stories/payments.js";
import { POLLS } from "./stories/polls.js";
import { ROUGH_LINKS } from "./stories/rough-links.js";
import { SERIAL_NOISE } from "./stories/serial-noise.js";
import { TALKERS } from "./stories/talkers.js";
import { TIMING } from "./stories/timing.js";
import { UNITS } from "./stories/units.js";
import { WEB_DEVICES } from "./stories/web-devices.js";
import { WELL_BEHAVED } from "./stories/well-behaved.js";
import { WRITES } from "./stories/writes.js";
import { WRONG_LENGTHS } from "./stories/wrong-lengths.js";
import { WRONG_PROTOCOLS } from "./stories/wrong-protocols.js";
import type { Story } from "./story.js";

/** Every story of the zoo, in the order of the table in docs/mux.md. */
export const STORIES: readonly Story[] = [
  ...WELL_BEHAVED,
  ...CONNECTIONS,
  ...BOOTING,
  ...TIMING,
  ...ROUGH_LINKS,
  ...UNITS,
  ...OWN_IDS,
  ...PAIRING,
  ...PAYMENTS,
  ...ODD_ANSWERS,
  ...WRONG_LENGTHS,
  ...SERIAL_NOISE,
  ...ECHOES,
  ...FRAMINGS,
  ...LINES,
  ...LOGGER_STORIES,
  ...WRONG_PROTOCOLS,
  ...WRITES,
  ...POLLS,
  ...TALKERS,
  ...WEB_DEVICES,
];
