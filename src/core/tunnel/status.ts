/** What is known of a link. */
export interface TunnelLinkStatus {
  /** Of the other side: `host:port` */
  readonly address: string;
  readonly ageMs: number;
  readonly clients: number;
  /** Bytes over the link, with what belongs to the frames. */
  readonly received: number;
  readonly sent: number;
}

/** What is known of this machine as the device of a server. */
export interface DeviceStatus {
  /** `host:port` */
  readonly server: string;
  readonly connected: boolean;
  readonly link?: TunnelLinkStatus;
  /** Links so far, clients so far, clients whose service was not allowed, or could not be reached. */
  readonly links: number;
  readonly clients: number;
  readonly refused: number;
}

/** What is known of a line of `[tunnel]`. */
export interface TunnelStatus {
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
}

/** One line of STAT: this machine as a server. */
export function tunnelLine({ port, exposed, listening, link, clients, refused, stalled }: TunnelStatus): string {
  const device = link === undefined ? "no device" : `device ${link.address}${listening ? "" : " (not ready)"}`;
  return [
    ` tunnel ${port} ${exposed.join(" ")}:`,
    `${device}, ${link?.clients ?? 0} clients, ${bytesOf(link)};`,
    `${clients} clients so far, ${refused} refused, ${stalled} stalled`,
  ].join(" ");
}

/** One line of STAT: this machine as the device of a server. */
export function deviceLine({ server, connected, link, links, clients, refused }: DeviceStatus): string {
  return [
    ` device of ${server}:`,
    `${connected ? "connected" : "not connected"}, ${link?.clients ?? 0} clients, ${bytesOf(link)};`,
    `${links} links and ${clients} clients so far, ${refused} refused`,
  ].join(" ");
}

function bytesOf(link: TunnelLinkStatus | undefined): string {
  return `${link?.received ?? 0} bytes received, ${link?.sent ?? 0} sent`;
}
