import { type CommandRow, flagText, PROGRAM, takesFiles } from "./command-row.js";
import { flagsOf, inQuotes } from "./completion-words.js";

/** The branches for options with a value: the command and the option in front of the cursor, and what to offer. */
function valueBranches(row: CommandRow): string[] {
  return row.options.flatMap(({ names, value, offers }) => {
    if (value === undefined) return [];
    const patterns = names.map((name) => inQuotes(`${row.name} ${flagText(name)}`)).join("|");
    const action = offers === "files" ? "files=yes" : `words=${inQuotes((offers ?? []).join(" "))}`;
    return [`    ${patterns}) ${action} ;;`];
  });
}

function wordsBranch(row: CommandRow): string {
  const files = takesFiles(row) ? " files=yes" : "";
  return `      ${inQuotes(row.name)}) words=${inQuotes([...(row.words ?? []), ...flagsOf(row)].join(" "))}${files} ;;`;
}

/**
 * The completion for bash 3 and later: a function that needs no other file.
 *
 * @param rows all commands; the daemon itself first
 */
export function bashCompletion(rows: readonly CommandRow[]): string {
  const names = rows.map(({ name }) => name).filter(Boolean);
  return `# bash completion of ${PROGRAM}, generated from its tables of commands

_${PROGRAM}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' files=''
  # bash cuts --option=value into three words
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if (( COMP_CWORD > 1 )); then
    case \${COMP_WORDS[1]} in
      ${names.join("|")}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  case "$command $before" in
${rows.flatMap(valueBranches).join("\n")}
    *) case $command in
${rows.map(wordsBranch).join("\n")}
    esac
    (( COMP_CWORD == 1 )) && words="${names.join(" ")} $words" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
  return 0
}

complete -F _${PROGRAM} ${PROGRAM}
`;
}
