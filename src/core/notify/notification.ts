/** The Luup action that a notification invokes (option NTFY, docs/plugins.md). */
export interface NotifyTarget {
  readonly device: number;
  readonly service: string;
  readonly action: string;
  /** The value of the argument `Pid`; the identifier of the connection where the plugin names none. */
  readonly pid?: string;
}

/** What an answer of the Luup engine means for the notification. */
export type AnswerVerdict =
  | { readonly kind: "delivered" }
  /** Permanent: a wrong device, service or action. A repetition would get the same answer. */
  | { readonly kind: "rejected"; readonly answer: string }
  /** Temporary: a later repetition may succeed. */
  | { readonly kind: "unavailable"; readonly answer: string };

const MAX_QUOTED_ANSWER = 120; // characters; longer than every known message of a Luup engine

/** Path and query of the action request. The caller puts the base path of the Luup engine before it. Every value is percent-encoded. */
export function actionPath(target: NotifyTarget, pid: string): string {
  return (
    "/data_request?id=action&output_format=json" +
    `&DeviceNum=${target.device}` +
    `&serviceId=${encodeURIComponent(target.service)}` +
    `&action=${encodeURIComponent(target.action)}` +
    `&Pid=${encodeURIComponent(pid)}`
  );
}

/** `dev/sid/act`: the action apart from its connections. */
export function formatAction({ device, service, action }: NotifyTarget): string {
  return `${device}/${service}/${action}`;
}

/** `dev/sid/act/pid`, as STAT shows it. */
export function formatNotifyTarget(target: NotifyTarget, pid: string): string {
  return `${formatAction(target)}/${pid}`;
}

/**
 * Judges an answer (docs/plugins.md). Success is status 200 with a body that does not begin with `ERROR`: openLuup and Vera report a
 * wrong device, service or action with 200 and a text, an unknown request with 501. Other 5xx statuses are temporary.
 *
 * @param status the HTTP status
 * @param bodyStart the start of the body, decoded
 */
export function judgeAnswer(status: number, bodyStart: string): AnswerVerdict {
  const body = bodyStart.trim();
  if (status === 200 && !body.startsWith("ERROR")) return { kind: "delivered" };
  const firstLine = (body.split(/[\r\n]/, 1)[0] ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_QUOTED_ANSWER);
  const answer = firstLine === "" ? `status ${status}` : `status ${status}, ${firstLine}`;
  return { kind: status >= 500 && status !== 501 ? "unavailable" : "rejected", answer };
}
