import { readFileSync } from "node:fs";
import { parseConfigFile } from "../core/config/file.js";
import { checkSettings, DEFAULT_SETTINGS, PORT_SECTIONS, parseValue } from "../core/config/keys.js";
import { checkLoops } from "../core/config/loop-check.js";
import { openPortWarnings } from "../core/config/open-ports.js";
import type { LoadedConfig, Settings } from "../core/config/settings.js";
import { readCredentials } from "../dial/tls-credentials.js";
import { isOwnAddress } from "../system/own-addresses.js";
import type { Argument } from "./serve-arguments.js";

const REMEDY = "[access] clients, or [host] ip=127.0.0.1 (-a 127.0.0.1),";

/** Applies command-line arguments, strictly in order, reading the configuration files they name. */
export function loadConfig(argumentList: readonly Argument[]): LoadedConfig {
  let settings = DEFAULT_SETTINGS;
  const problems: string[] = [];

  function applyFile(path: string): void {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      problems.push(`cannot read configuration file ${path}: ${(error as Error).message}`);
      return;
    }
    const file = parseConfigFile(text, path);
    problems.push(...file.problems);
    for (const name of PORT_SECTIONS) {
      for (const { port } of file.settings[name]) {
        if (!settings[name].some((other) => other.port === port)) continue;
        problems.push(`${path}: [${name}] ${port}: port given in an earlier file`);
      }
    }
    const { values, direct, mux, tunnel } = file.settings;
    settings = {
      ...settings,
      ...values,
      direct: [...settings.direct, ...direct],
      mux: [...settings.mux, ...mux],
      tunnel: [...settings.tunnel, ...tunnel],
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
  return { settings: Object.freeze(settings), problems, warnings: openPortWarnings(settings, REMEDY) };
}

/**
 * What is wrong with lines as this machine is: with where they lead to, and with the files that those of `[tunnel]` name. The files of
 * `[device]` are tried again and again.
 */
export function checkLines(settings: Settings): string[] {
  const files = settings.tunnel.flatMap(({ port, route }) => {
    try {
      readCredentials(route.tunnel);
      return [];
    } catch (error) {
      return [`[tunnel] ${port}: ${(error as Error).message}`];
    }
  });
  return [...checkLoops(settings, isOwnAddress), ...files];
}
