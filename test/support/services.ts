import type { TestContext } from "node:test";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings } from "#src/core/config/settings.js";
import { fail, ok } from "#src/core/parse/result.js";
import type { DaemonReport } from "#src/core/status/daemon-status.js";
import { type DaemonControl, type Generation, generationOf } from "#src/daemon/generation.js";
import { Services } from "#src/daemon/services.js";
import { ManualClock } from "./clock.js";
import { gathered } from "./gathered.js";
import { MemoryLog } from "./in-process.js";

/** The parts of a daemon by a manual clock, without ports and features: what connections are made of. */
export interface ServicesHere {
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly services: Services;
  readonly settings: Settings;
  readonly generation: Generation;
  readonly control: DaemonControl;
  /** What connections have asked of the daemon as a whole, such as `stop: STOP by 127.0.0.1`. */
  readonly asked: string[];
  /** What the daemon answers to a reload and to TCPR; undefined: it does as asked. */
  problem: string | undefined;
}

/** @param settings those that differ from the default */
export function servicesHere(t: TestContext, settings: Partial<Settings> = {}): ServicesHere {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const all = { ...DEFAULT_SETTINGS, ip: "127.0.0.1", ...settings };
  const services = new Services(
    all,
    clock,
    log,
    (_text, done) => done(),
    () => [],
  );
  t.after(() => services.luupClients.close());
  const asked: string[] = [];
  const control: DaemonControl = {
    status: () =>
      gathered({
        muxes: [],
        tunnels: [],
        devices: [],
        connections: services.registry.present,
      } as unknown as DaemonReport),
    places: { isConnection: () => false, isListener: () => false },
    stop: (reason) => void asked.push(`stop: ${reason}`),
    async reload(reason) {
      asked.push(`reload: ${reason}`);
      return here.problem;
    },
    async upgrade(reason) {
      asked.push(`upgrade: ${reason}`);
      return here.problem === undefined ? ok("1.9.0 to 1.10.0") : fail(here.problem);
    },
    async beginDevice(server, service) {
      asked.push(`device: ${server.host}:${server.port} ${service.host}:${service.port}`);
      return here.problem;
    },
    portOf: () => {
      throw new Error("there are no tunnels");
    },
  };
  const here: ServicesHere = {
    ...{ clock, log, services, settings: all, asked, control, problem: undefined },
    generation: generationOf(all, services, control),
  };
  return here;
}
