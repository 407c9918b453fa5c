import { DIRECT_FORMAT, parseDirectRoute } from "../direct/direct-line.js";
import { MUX_FORMAT, parseMuxRoute } from "../mux/mux-line.js";
import { didYouMean } from "../parse/near-miss.js";
import { lineProblem, printable } from "../parse/text.js";
import { parseTunnelRoute, TUNNEL_FORMAT } from "../tunnel/tunnel-line.js";
import type { WebhookSettings } from "../webhook/webhook-settings.js";
import { namedDevice } from "./device-section.js";
import { commentWarning, type Entry, explainEntry, readLine, withoutSecret } from "./ini-line.js";
import { keysOf, PORT_SECTIONS, parseValue, SECTIONS } from "./keys.js";
import { PortLines, type SectionReader } from "./port-sections.js";
import type { DirectLine, MuxLine, NamedDevice, Section, TlsIdentity, TunnelLine, Values } from "./settings.js";
import { tlsIdentity } from "./tls-identities.js";
import { webhookSection } from "./webhook-section.js";
import { unknownKey } from "./whole-section.js";

/** The settings that one configuration file names, without defaults. */
export interface FileSettings {
  readonly values: Partial<Values>;
  readonly direct: readonly DirectLine[];
  readonly mux: readonly MuxLine[];
  readonly tunnel: readonly TunnelLine[];
  readonly namedDevices: readonly NamedDevice[];
  readonly tlsIdentities: readonly TlsIdentity[];
  readonly webhooks: readonly WebhookSettings[];
}

/** A configuration file after reading: its settings, and every mistake with line, section and key. */
export interface ParsedFile {
  readonly settings: FileSettings;
  readonly problems: readonly string[];
  /** Values that the daemon takes, although their writer may have meant something else. */
  readonly warnings: readonly string[];
}

const KINDS: readonly string[] = [...SECTIONS, ...PORT_SECTIONS, "tls", "webhook"];
const NAMED_KINDS: readonly string[] = [...PORT_SECTIONS, "device", "tls", "webhook"];
/** Sections that make no sense without a name. */
const ALWAYS_NAMED: readonly string[] = ["tls", "webhook"];
const MAX_NAME = 64; // it stands in every line of the log
/** A file that is no configuration has a problem in each line. The log and the answer to RELD take this much of it. */
const MAX_TOLD = 100;
const MAX_TOLD_LENGTH = 600;

/**
 * Reads a configuration file (docs/configuration.md). Sections and keys come in any case, names as they stand.
 *
 * @param name the file's name, for the messages
 */
export function parseConfigFile(text: string, name: string): ParsedFile {
  const file = new FileReader(name);
  if (UTF_16.test(text)) return file.refused("the file is in UTF-16: save it in UTF-8");
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [index, line] of lines.entries()) file.line(line, index + 1);
  return file.end();
}

/** The byte order mark of UTF-16 and the halves of its characters, read as UTF-8. */
const UTF_16 = /^\uFFFD\uFFFD.?\0/s;

/** The section that the reader is in. */
interface Current {
  /** The text between the brackets, kind in lower case. */
  readonly title: string;
  readonly at: number;
  /** Undefined for an unknown section: the reader skips its lines. */
  readonly reader?: SectionReader;
}

class FileReader {
  readonly #name: string;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];
  readonly #direct = new PortLines("direct", DIRECT_FORMAT, parseDirectRoute);
  readonly #mux = new PortLines("mux", MUX_FORMAT, parseMuxRoute);
  readonly #tunnel = new PortLines("tunnel", TUNNEL_FORMAT, parseTunnelRoute);
  readonly #devices: NamedDevice[] = [];
  readonly #identities: TlsIdentity[] = [];
  readonly #webhooks: WebhookSettings[] = [];
  /** The line in which each named section begins. */
  readonly #namedAt = new Map<string, number>();
  #values: Partial<Values> = {};
  #untold = 0;
  #section: Current = { title: "", at: 0, reader: { read: () => "stands before any section" } };

  constructor(name: string) {
    this.#name = name;
  }

  /** Reads nothing of the file, for this reason. */
  refused(problem: string): ParsedFile {
    this.#problems.push(`${this.#name}: ${problem}`);
    return this.end();
  }

  line(text: string, at: number): void {
    const line = readLine(text);
    if (line.kind !== "nothing" && text.includes("\uFFFD"))
      this.#warn(at, "a character is not in UTF-8: save the file in UTF-8");
    switch (line.kind) {
      case "nothing":
        return;
      case "section":
        this.#begin(line.text, at);
        if (line.problem !== undefined) this.#complain(at, `[${line.text}]: ${line.problem}`);
        return;
      case "unknown":
        this.#complain(at, `[${this.#section.title}]: ${line.problem}`);
        return;
      case "entry":
        this.#entry(line.entry, at);
    }
  }

  end(): ParsedFile {
    this.#endSection();
    const settings = {
      values: this.#values,
      direct: this.#direct.lines,
      mux: this.#mux.lines,
      tunnel: this.#tunnel.lines,
      namedDevices: this.#devices,
      tlsIdentities: this.#identities,
      webhooks: this.#webhooks,
    };
    const more = this.#untold > 0 ? [`${this.#name}: and ${this.#untold} more problems`] : [];
    return { settings, problems: [...this.#problems, ...more].map(told), warnings: this.#warnings.map(told) };
  }

  #complain(at: number, problem: string): void {
    if (this.#problems.length < MAX_TOLD) this.#problems.push(`${this.#name}:${at}: ${problem}`);
    else this.#untold += 1;
  }

  #warn(at: number, warning: string): void {
    if (this.#warnings.length < MAX_TOLD) this.#warnings.push(`${this.#name}:${at}: ${warning}`);
  }

  #entry(entry: Entry, at: number): void {
    const { title, reader } = this.#section;
    const shown = withoutSecret(entry);
    const where = `[${title}] ${shown.key}`;
    const problem = lineProblem(entry.value) ?? reader?.read(entry, at);
    const warning = reader && commentWarning(shown);
    if (problem !== undefined) this.#complain(at, `${where}: ${explainEntry(problem, shown)}`);
    else if (warning) this.#warn(at, `${where}: ${warning}`);
  }

  #begin(text: string, at: number): void {
    this.#endSection();
    const [kindText = "", ...words] = text.split(/\s+/);
    const kind = kindText.toLowerCase();
    const name = words.join(" ");
    const title = name === "" ? kind : `${kind} ${name}`;
    const problem = this.#sectionProblem(kind, name, title);
    if (problem !== undefined) this.#complain(at, `[${title}]: ${problem}`);
    const reader = problem === undefined ? this.#readerOf(kind, name) : undefined;
    if (name !== "") this.#namedAt.set(title, at);
    this.#section = { title, at, ...(reader && { reader }) };
  }

  #sectionProblem(kind: string, name: string, title: string): string | undefined {
    if (!KINDS.includes(kind)) return `unknown section${sectionMeant(kind)}; known are [${KINDS.join("], [")}]`;
    if (name === "") return ALWAYS_NAMED.includes(kind) ? `a name of your own is wanted: [${kind} NAME]` : undefined;
    if (!NAMED_KINDS.includes(kind)) return `[${kind}] takes no name`;
    if (name.length > MAX_NAME) return `a name has ${MAX_NAME} characters at most`;
    const first = this.#namedAt.get(title);
    return first === undefined ? lineProblem(name) : `stands twice, first in line ${first}`;
  }

  #endSection(): void {
    const { title, at, reader } = this.#section;
    const problem = reader?.end?.();
    if (problem !== undefined) this.#complain(at, `[${title}]: ${problem}`);
  }

  #readerOf(kind: string, name: string): SectionReader {
    if (kind === "device" && name !== "") return namedDevice(name, this.#devices);
    if (kind === "tls") return tlsIdentity(name, this.#identities);
    if (kind === "webhook") return webhookSection(name, this.#webhooks);
    const lines = { direct: this.#direct, mux: this.#mux, tunnel: this.#tunnel }[kind];
    if (lines === undefined) return { read: ({ key, value }) => this.#value(kind as Section, key, value) };
    return name === "" ? lines.unnamed() : lines.named(name);
  }

  #value(section: Section, key: string, value: string): string | undefined {
    const parsed = parseValue(section, key, value);
    if (parsed === undefined) return unknownKey(key, keysOf(section));
    if (!parsed.ok) return parsed.message;
    this.#values = { ...this.#values, ...parsed.value };
    return undefined;
  }
}

function told(message: string): string {
  return printable(message.length > MAX_TOLD_LENGTH ? `${message.slice(0, MAX_TOLD_LENGTH)}…` : message);
}

function sectionMeant(kind: string): string {
  return didYouMean(kind, KINDS).replace(/(?<=mean )\w+/, "[$&]");
}
