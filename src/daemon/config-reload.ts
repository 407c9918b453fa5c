import { descriptorWarning } from "../accept/admission.js";
import type { Listener } from "../accept/listener.js";
import type { Ports } from "../accept/ports.js";
import type { LoadedConfig, Settings } from "../core/config/settings.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { readIdentities, type TlsIdentities } from "../dial/tls-credentials.js";
import type { Log } from "../log/log.js";

/** What a reload needs of the daemon. */
export interface ConfigReloadContext {
  readonly log: Log;
  readonly ports: Pick<Ports, "change">;
  /** Files that the process may have open; undefined where the system does not tell. */
  readonly descriptorLimit: number | undefined;
  /** Reads the configuration. */
  load(): LoadedConfig;
  /** The settings in force. */
  settings(): Settings;
  /** Rejects when a file that a listener needs cannot be used. */
  listenersOf(settings: Settings): Promise<Listener[]>;
  /** Puts settings in force, ports and log apart. */
  adopt(settings: Settings, identities: TlsIdentities): Promise<void>;
}

/**
 * Reads the configuration again while the daemon runs: listeners are opened, closed and changed in place, and connections that exist
 * go on as they are. A configuration with a mistake changes nothing.
 */
export class ConfigReload {
  readonly #context: ConfigReloadContext;
  /** The reload that was asked for last: each waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(context: ConfigReloadContext) {
    this.#context = context;
  }

  /**
   * Reloads, after those that are under way.
   *
   * @param reason for the log, such as SIGHUP
   * @returns what is wrong with the configuration, or undefined
   */
  reload(reason: string): Promise<string | undefined> {
    const result = this.#last.then(() => this.#reload(reason));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Refuses to reload from now on. */
  close(): void {
    this.#closed = true;
  }

  async #reload(reason: string): Promise<string | undefined> {
    if (this.#closed) return "the proxy is stopping";
    const { log } = this.#context;
    const { settings, problems, warnings = [], reloadNote } = this.#context.load();
    const change = problems.length > 0 ? fail<TlsIdentities>(problems.join("; ")) : await this.#change(settings);
    if (!change.ok) {
      log.error(`configuration not taken (${reason}), nothing has changed: ${change.message}`);
      return change.message;
    }
    for (const warning of warnings) log.warn(warning);
    await this.#context.adopt(settings, change.value);
    log.info(`configuration read again (${reason})${reloadNote === undefined ? "" : `: ${reloadNote}`}`);
    warnOfDescriptors(settings, this.#context.descriptorLimit, log);
    return undefined;
  }

  /** Reads the identities, and changes log and ports. Fails with why that is not possible: they are as before then. */
  async #change(settings: Settings): Promise<Result<TlsIdentities>> {
    const { log, ports } = this.#context;
    try {
      log.configure(settings);
      const identities = readIdentities(settings.tlsIdentities);
      await ports.change(await this.#context.listenersOf(settings), settings.ip);
      return ok(identities);
    } catch (error) {
      this.#restoreLog(this.#context.settings());
      return fail((error as Error).message);
    }
  }

  #restoreLog(settings: Settings): void {
    const { log } = this.#context;
    try {
      log.configure(settings);
    } catch (error) {
      log.error(`log ${settings.log} cannot be opened any more: ${(error as Error).message}`);
    }
  }
}

/** Warns when the process may not open enough files for the connections that the settings allow. */
export function warnOfDescriptors(settings: Settings, limit: number | undefined, log: Pick<Log, "warn">): void {
  const warning = descriptorWarning(settings, limit);
  if (warning !== undefined) log.warn(warning);
}
