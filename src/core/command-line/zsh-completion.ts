import { type CommandRow, type FlagRow, flagText, fullHelp, PROGRAM, takesFiles } from "./command-row.js";
import { inQuotes } from "./completion-words.js";

/** A text within a specification of `_arguments`: colons and brackets end its parts. */
function part(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}

/** What `_arguments` calls for the value of an option. */
function action({ offers }: FlagRow): string {
  if (offers === "files") return "_files";
  return offers === undefined ? "" : `(${offers.join(" ")})`;
}

/** The specifications of an option: one for each of its names, and none once another of them is there. */
function specifications(option: FlagRow): string[] {
  const flags = option.names.map(flagText);
  const others = flags.length > 1 ? `(${flags.join(" ")})` : "";
  const value = option.value === undefined ? "" : `:${part(option.value)}:${action(option)}`;
  return flags.map((flag) => {
    const attached = value === "" ? "" : flag.startsWith("--") ? "=" : "+";
    return inQuotes(`${others}${flag}${attached}[${part(fullHelp(option))}]${value}`);
  });
}

function branch(row: CommandRow): string {
  const words = row.words ?? [];
  const first = words.length === 0 ? [] : [inQuotes(`1:what to do:(${words.join(" ")})`)];
  const files = takesFiles(row) ? [inQuotes("*:file:_files")] : [];
  const lines = [...row.options.flatMap(specifications), ...first, ...files].map((text) => `        ${text}`);
  return [`    ${row.name === "" ? "*" : row.name})`, "      _arguments -s \\", `${lines.join(" \\\n")} ;;`].join("\n");
}

/**
 * The completion for zsh, for a folder of its `fpath`, as `_sockproxyd`.
 *
 * @param rows all commands; the daemon itself first
 */
export function zshCompletion(rows: readonly CommandRow[]): string {
  const [program, ...commands] = rows;
  const described = commands.map(({ name, summary }) => `    ${inQuotes(`${part(name)}:${part(summary)}`)}`);
  return `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}, generated from its tables of commands

_${PROGRAM}() {
  local -a commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  local command=$words[2]
  if (( \${commands[(I)$command:*]} )); then
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${[...commands, ...(program ? [program] : [])].map(branch).join("\n")}
  esac
}

_${PROGRAM} "$@"
`;
}
