import { readFileSync } from "node:fs";
import { type FileSettings, parseConfigFile } from "../core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS, lineTitle, PORT_SECTIONS, parseValue } from "../core/config/keys.js";
import { listensOf } from "../core/config/listen.js";
import { checkLoops } from "../core/config/loop-check.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import type { LoadedConfig, Settings } from "../core/config/settings.js";
import { readCredentials } from "../dial/tls-credentials.js";
import { isOwnAddress } from "../system/own-addresses.js";
import type { Argument } from "./serve-arguments.js";

/** What a reload says to somebody who has edited a file in vain. */
const NO_FILE = "there is no configuration file, as the daemon was started without -c";
const REMEDY = "[access] clients, or [host] ip=127.0.0.1 (-a 127.0.0.1),";

/** Applies command-line arguments, strictly in order, reading the configuration files they name. */
export function loadConfig(argumentList: readonly Argument[]): LoadedConfig {
  let settings = DEFAULT_SETTINGS;
  const problems: string[] = [];
  const warnings: string[] = [];
  const mayBeMissing = argumentList.some(({ kind }) => kind === "optional-config");
  const hasFile = argumentList.some(({ kind }) => kind === "file");

  function applyFile(path: string): void {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT") {
        warnings.push(`configuration file ${path} is not there: it counts as an empty one`);
        return;
      }
      problems.push(`cannot read configuration file ${path}: ${(error as Error).message}`);
      return;
    }
    const file = parseConfigFile(text, path);
    problems.push(...file.problems, ...repeatedPorts(settings, file.settings).map((problem) => `${path}: ${problem}`));
    warnings.push(...file.warnings);
    const { values, direct, mux, tunnel, namedDevices } = file.settings;
    settings = {
      ...settings,
      ...values,
      direct: [...settings.direct, ...direct],
      mux: [...settings.mux, ...mux],
      tunnel: [...settings.tunnel, ...tunnel],
      namedDevices: [...settings.namedDevices, ...namedDevices],
    };
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
    warnings: [...warnings, ...openPortWarnings(settings, REMEDY)],
    ...(!hasFile && { reloadNote: NO_FILE }),
  };
}

/** Ports that an earlier file has given to a line of the same section: of two lines, neither can be said to win. */
function repeatedPorts(before: Settings, { direct, mux, tunnel }: FileSettings): string[] {
  const lines = { direct, mux, tunnel };
  return PORT_SECTIONS.flatMap((section) => {
    const taken = new Set(before[section].flatMap(listensOf).map(({ port }) => port));
    return lines[section].flatMap((line) =>
      listensOf(line)
        .filter(({ port }) => taken.has(port))
        .map(({ port }) => `${lineTitle(section, line)}: port ${port} was given in an earlier file`),
    );
  });
}

/**
 * What is wrong with lines as this machine is: with where they lead to, and with the files that those of `[tunnel]` name. The files of
 * `[device]` are tried again and again.
 */
export function checkLines(settings: Settings): string[] {
  const files = settings.tunnel.flatMap((line) => {
    try {
      readCredentials(line.route.tunnel);
      return [];
    } catch (error) {
      return [`${lineTitle("tunnel", line)}: ${(error as Error).message}`];
    }
  });
  return [...checkLoops(settings, isOwnAddress), ...files];
}
