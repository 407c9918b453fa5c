/** Whom a notification addresses: a Luup device, the service and the action it offers, and what to pass as `Pid`. */
export interface NotifyTarget {
  readonly device: number;
  readonly service: string;
  readonly action: string;
  /** The connection's identifier as the plugin named it; left out, the one of the greeting is used. */
  readonly pid?: string;
}

/** What an answer of the Luup engine means for the notification that asked for it. */
export type Verdict =
  | { readonly kind: "delivered" }
  /** The engine will say the same again: a wrong device, service or action. */
  | { readonly kind: "rejected"; readonly answer: string }
  /** The engine is not itself; asking again later helps. */
  | { readonly kind: "unavailable"; readonly answer: string };

const MAX_QUOTED_ANSWER = 120; // enough for every message Luup engines are known to give

/** Path and query of the action request, to be appended to the base path of the Luup system. Every value is percent-encoded. */
export function actionPath(target: NotifyTarget, pid: string): string {
  return (
    "/data_request?id=action&output_format=json" +
    `&DeviceNum=${target.device}` +
    `&serviceId=${encodeURIComponent(target.service)}` +
    `&action=${encodeURIComponent(target.action)}` +
    `&Pid=${encodeURIComponent(pid)}`
  );
}

/** `dev/sid/act/pid`, as STAT shows it. */
export function formatNotifyTarget(target: NotifyTarget, pid: string): string {
  return `${target.device}/${target.service}/${target.action}/${pid}`;
}

/**
 * Judges an answer. Success is status 200 with a body that does not begin with `ERROR`: openLuup and Vera report a wrong
 * device, service or action with 200 and a text, an unknown request with 501. Other 5xx pass with time.
 *
 * @param bodyStart the first bytes of the body, decoded
 */
export function judgeAnswer(status: number, bodyStart: string): Verdict {
  const body = bodyStart.trim();
  if (status === 200 && !body.startsWith("ERROR")) return { kind: "delivered" };
  const firstLine = (body.split(/[\r\n]/, 1)[0] ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_QUOTED_ANSWER);
  const answer = firstLine === "" ? `status ${status}` : `status ${status}, ${firstLine}`;
  return { kind: status >= 500 && status !== 501 ? "unavailable" : "rejected", answer };
}
