/** Told what happens on a connection. */
export interface DeviceConnectionEvents {
  /** The connection is established, and the device has had its pause after that (DLAY). */
  ready(): void;
  data(chunk: Buffer): void;
  /** The device has sent FIN. */
  eof(): void;
  /** The kernel has taken everything that was unsent. */
  drained(): void;
  /** The connection failed or was lost. Called once, and not after the connection is closed. */
  lost(reason: string): void;
  fault(error: unknown): void;
}

/** Told the same, and what only the pool has to know. */
export interface DeviceConnectionOwner extends DeviceConnectionEvents {
  /** The connection is established; {@link ready} follows. */
  connected(): void;
  /** The device has vanished: it acknowledges nothing. The connection stays until the owner ends it. */
  vanished(reason: string): void;
}
