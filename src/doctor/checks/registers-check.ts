import type { Seen } from "../../core/doctor/observations.js";
import { MAX_REGISTERS } from "../../core/mux/register-ranges.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import { Session } from "../session.js";

/** Finds by halves how many registers one read brings. @returns 0 when not even one can be read */
export async function checkRegisters(device: DeviceUnderTest): Promise<Seen> {
  const session = new Session(device);
  const brings = async (count: number): Promise<boolean> => {
    const reply = await session.ask(count);
    if (reply.kind !== "answer") return false;
    const { content } = reply.answer;
    return content.kind === "registers" && content.count === count;
  };
  let [most, tooMany] = [(await brings(1)) ? 1 : 0, MAX_REGISTERS + 1];
  if (most > 0 && (await brings(MAX_REGISTERS))) most = MAX_REGISTERS;
  else tooMany = MAX_REGISTERS;
  while (most > 0 && tooMany - most > 1 && device.remainingMs > 0) {
    const count = Math.floor((most + tooMany) / 2);
    if (await brings(count)) most = count;
    else tooMany = count;
  }
  await session.close();
  return { mostRegisters: most };
}
