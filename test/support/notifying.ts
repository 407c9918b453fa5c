import { type DaemonProcess, startDaemon } from "./daemon.js";
import { FakeLuup } from "./luup.js";
import { Device } from "./net.js";

/** A daemon, the engine that it notifies, and a device. */
export interface Notifying {
  readonly daemon: DaemonProcess;
  readonly luup: FakeLuup;
  readonly device: Device;
  stop(): Promise<void>;
}

export async function startNotifying(): Promise<Notifying> {
  const luup = await new FakeLuup().start();
  const daemon = await startDaemon("-N", luup.url);
  const device = await Device.open();
  return {
    daemon,
    luup,
    device,
    async stop() {
      device.close();
      await daemon.stop();
      await luup.stop();
    },
  };
}
