import type { Observations } from "../../core/doctor/observations.js";
import { explainDialFailure } from "../../dial/dial-error.js";
import type { DeviceUnderTest } from "../device-under-test.js";

const GREETING_MS = 150;

/** Why the examination ends early: a plain sentence, and what to try. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** What a connection shows on which nothing is asked. */
type Reached = Pick<Observations, "connectMs" | "greeting"> & {
  /** Whether the device has not closed it at once. */
  readonly isLeftOpen: boolean;
};

/**
 * Connects, and listens for a while.
 *
 * @throws {Unreachable} when there is no connection
 */
export async function checkReach(device: DeviceUnderTest): Promise<Reached> {
  const since = device.clock.now();
  const link = await device.connect();
  if (link instanceof Error) {
    throw new Unreachable(`${explainDialFailure(link)}: is it switched on, and is that its address and port?`);
  }
  const connectMs = device.clock.now() - since;
  await link.ended(GREETING_MS);
  const isLeftOpen = link.isOpen;
  const greeting = link.take().toString("latin1");
  await device.part(link);
  return { connectMs, greeting, isLeftOpen };
}
