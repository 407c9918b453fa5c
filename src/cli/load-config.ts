import { parseConfigFile } from "../core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS, lineTitle, PORT_SECTIONS, parseValue } from "../core/config/keys.js";
import { checkLoops } from "../core/config/loop-check.js";
import { mergeFile } from "../core/config/merge-file.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import type { LoadedConfig, Settings } from "../core/config/settings.js";
import { identityProblems, servingIdentities } from "../core/config/tls-identities.js";
import { nameWarnings } from "../core/config/web-keys.js";
import { webhookProblems, webhookWarnings } from "../core/config/webhook-section.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import { readCredentials, readIdentity, validityProblem } from "../dial/tls-credentials.js";
import { isOwnAddress } from "../system/own-addresses.js";
import { readRegularFile, regularFileProblem } from "../system/regular-file.js";
import type { Argument } from "./serve-arguments.js";

/** The remark of a reload, for somebody who has edited a file in vain. */
const NO_FILE = "there is no configuration file, as the daemon was started without -c";
const REMEDY = "[access] clients, or [host] ip=127.0.0.1 (-a 127.0.0.1),";

/** Applies the arguments of the command line in their order, and reads the configuration files that they name. */
export function loadConfig(argumentList: readonly Argument[]): LoadedConfig {
  let settings = DEFAULT_SETTINGS;
  const problems: string[] = [];
  const warnings: string[] = [];
  const mayBeMissing = argumentList.some(({ kind }) => kind === "optional-config");
  const hasFile = argumentList.some(({ kind }) => kind === "file");

  function applyFile(path: string): void {
    let text: string;
    try {
      text = readRegularFile(path).toString();
    } catch (error) {
      if (mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT") {
        warnings.push(`configuration file ${path} is not there: it counts as an empty one`);
        return;
      }
      problems.push(`cannot read configuration file ${path}: ${(error as Error).message}`);
      return;
    }
    const file = parseConfigFile(text, path);
    const merged = mergeFile(settings, file.settings);
    problems.push(...file.problems, ...merged.problems.map((problem) => `${path}: ${problem}`));
    warnings.push(...file.warnings);
    settings = merged.settings;
  }

  for (const argument of argumentList) {
    if (argument.kind === "file") applyFile(argument.path);
    if (argument.kind !== "setting") continue;
    const parsed = parseValue("host", argument.key, argument.text);
    if (parsed?.ok) settings = { ...settings, ...parsed.value };
    else problems.push(`option ${argument.option}: ${parsed?.message}`);
  }
  problems.push(...checkSettings(settings), ...checkLines(settings));
  return {
    settings: Object.freeze(settings),
    problems,
    warnings: [
      ...warnings,
      ...openPortWarnings(settings, REMEDY),
      ...nameWarnings(settings),
      ...webhookWarnings(settings),
      ...expiryWarnings(settings),
    ],
    ...(!hasFile && { reloadNote: NO_FILE }),
  };
}

/**
 * The problems of lines on this machine: identities that are not there, targets that lead back to the daemon, and files that `[tls NAME]`
 * and lines of `[tunnel]` name. The daemon reads the files of `[device]` for each link, so they may come later.
 */
export function checkLines(settings: Settings): string[] {
  const tunnels = settings.tunnel.flatMap((line) =>
    problemsOf(() => readCredentials(line.route.tunnel)).map((problem) => `${lineTitle("tunnel", line)}: ${problem}`),
  );
  const serving = servingIdentities(settings);
  const monitorFiles = PORT_SECTIONS.flatMap((kind) =>
    settings[kind].flatMap((line) =>
      monitorFileProblems(line.route.options).map((problem) => `${lineTitle(kind, line)}: ${problem}`),
    ),
  );
  const identities = settings.tlsIdentities.flatMap((identity) =>
    problemsOf(() => readIdentity(identity, serving.has(identity.name))),
  );
  return [
    ...identityProblems(settings),
    ...webhookProblems(settings),
    ...checkLoops(settings, isOwnAddress),
    ...tunnels,
    ...monitorFiles,
    ...identities,
  ];
}

function monitorFileProblems({ monitorFile }: ConnOptions): string[] {
  const problem = monitorFile === undefined ? undefined : regularFileProblem(monitorFile);
  return problem === undefined ? [] : [`monitor-file ${monitorFile}: ${problem}`];
}

/** Warns of certificates whose time is over, or has not come: no peer takes them. */
function expiryWarnings({ tlsIdentities }: Settings): string[] {
  return tlsIdentities.flatMap(({ name, certificate, authority }) =>
    [certificate, authority].flatMap((file) => {
      const warning = file === undefined ? undefined : validityProblem(file, Date.now());
      return warning === undefined ? [] : [`[tls ${name}]: ${warning}`];
    }),
  );
}

/** The message of what `read` throws, if it throws. */
function problemsOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
