/** Bytes over a link, or over several, with what belongs to the frames. */
export interface LinkBytes {
  readonly received: number;
  readonly sent: number;
}

/** Of links that there were, and the one that is there. */
export function sum(past: LinkBytes, link: LinkBytes | undefined): LinkBytes {
  return { received: past.received + (link?.received ?? 0), sent: past.sent + (link?.sent ?? 0) };
}

/** What is known of a link. */
export interface TunnelLinkStatus extends LinkBytes {
  /** Of the other side: `host:port` */
  readonly address: string;
  readonly ageMs: number;
  readonly clients: number;
}

/** What is known of this machine as the device of a server. */
export interface DeviceStatus extends LinkBytes {
  /** `host:port` */
  readonly server: string;
  /** What its clients may reach, as `allow` has it. */
  readonly services: string;
  readonly connected: boolean;
  readonly link?: TunnelLinkStatus;
  /** Links so far, clients so far (some of whose services could not be reached), clients whose service was not allowed. */
  readonly links: number;
  readonly clients: number;
  readonly refused: number;
}

/** What is known of a line of `[tunnel]`. */
export interface TunnelStatus extends LinkBytes {
  readonly port: number;
  /** `host:port>service:port` each. */
  readonly exposed: readonly string[];
  /** Whether a device is there and has said LISTEN. */
  readonly listening: boolean;
  readonly link?: TunnelLinkStatus;
  /** Links so far, clients so far, clients that found no room, clients closed because they did not read. */
  readonly links: number;
  readonly clients: number;
  readonly refused: number;
  readonly stalled: number;
  /** Devices that did not know the secret. */
  readonly turnedAway: number;
}

/** One line of STAT: this machine as a server. */
export function tunnelLine(tunnel: TunnelStatus): string {
  const { port, exposed, listening, link, clients, refused, stalled, turnedAway } = tunnel;
  const device =
    link === undefined ? "no device" : `device ${link.address}${listening ? "" : " (not ready)"} for ${ageOf(link)}`;
  return [
    ` tunnel ${port} ${exposed.join(" ")}:`,
    `${device}, ${link?.clients ?? 0} clients;`,
    `${clients} clients so far, ${refused} refused, ${stalled} stalled, ${turnedAway} devices turned away,`,
    bytesOf(tunnel),
  ].join(" ");
}

/** One line of STAT: this machine as the device of a server. */
export function deviceLine(device: DeviceStatus): string {
  const { server, services, link, links, clients, refused } = device;
  return [
    ` device of ${server} for ${services || "nothing"}:`,
    `${link === undefined ? "not connected" : `connected for ${ageOf(link)}`}, ${link?.clients ?? 0} clients;`,
    `${links} links and ${clients} clients so far, ${refused} refused,`,
    bytesOf(device),
  ].join(" ");
}

function bytesOf({ received, sent }: LinkBytes): string {
  return `${received} bytes received, ${sent} sent`;
}

function ageOf({ ageMs }: TunnelLinkStatus): string {
  return `${Math.floor(ageMs / 1000)} s`;
}
