import type { ConnRequest } from "../core/options/conn-request.js";
import type { StartAttempt } from "./attempt.js";
import { attemptTcp } from "./tcp-attempt.js";
import { attemptTls } from "./tls-attempt.js";
import { attemptUdp } from "./udp-attempt.js";

/** How each transport (PRTO) connects. */
export const TRANSPORTS: Readonly<Record<ConnRequest["options"]["transport"], StartAttempt>> = {
  tcp: attemptTcp,
  tls: attemptTls,
  udp: attemptUdp,
};
