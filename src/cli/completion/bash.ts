/**
 * bash, written for 3.2, which macOS has: no mapfile, and compopt only where it is there. It takes a
 * word apart at the characters of COMP_WORDBREAKS and replaces what stands behind the last of them.
 * https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
import type { Command, CommandLine, Values } from "../options/definition.ts";
import { commandWords, flagsWithValues } from "./offers.ts";

export function bashCompletion({ commands, standaloneFlags }: CommandLine): string {
  return `# Completions of lacuna for bash, made by \`lacuna completion bash\`.

_lacuna() {
  local IFS=$' \\t\\n'
  local cur flag= value part sign glued= head= prefix= given=' ' kind=words list= words
  local switches= valued= first=
  local -i i arguments=0
  COMPREPLY=()

${together}
  cur=\${words[\${#words[@]}-1]}
  value=$cur

  if ((\${#words[@]} == 1)); then
    first=${quoted(commandWords(commands).map(({ word }) => word))}
    switches=${quoted(standaloneFlags.map(dashed))}
  else
    case \${words[0]} in
      help) first=${quoted(commands.map(({ name }) => name))} ;;
${commands.map(commandCase).join("\n")}
      *) return ;;
    esac
  fi

${walk}

  if [[ -n $flag ]]; then
    case $flag in
${flagsWithValues(commands).map(valueCase).join("\n")}
    esac
  elif [[ $cur != -* && -n $first ]] && ((arguments == 0)); then
    list=$first
  else
    for part in $switches $valued; do
      [[ $given == *" $part "* ]] || list+=" $part"
    done
  fi

${reply}
}

complete -F _lacuna lacuna
`;
}

/** To `words`: the words up to the cursor, the command first. */
const together = `  # Together again, what bash took apart at = : and @.
  words=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    part=\${COMP_WORDS[i]}
    if [[ \${#words[@]} -gt 0 && -n $part && $part != -* && (-n $glued || $part == [=:@]*) ]]; then
      words[\${#words[@]}-1]+=$part
    else
      words+=("$part")
    fi
    [[ $part == *[=:@] ]] && glued=yes || glued=
  done`;

/** To `flag`, whose value is being written, `arguments`, which there are, and `given`, the flags. */
const walk = `  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    part=\${words[i]}
    if [[ $part == -- ]]; then
      return
    elif [[ -n $flag && $part != --* ]]; then
      flag=
    elif [[ " $valued " == *" $part "* ]]; then
      flag=$part
    elif [[ $part != -* ]]; then
      flag= arguments+=1
    else
      flag=
    fi
  done
  for ((i = 2; i < \${#COMP_WORDS[@]}; i++)); do
    ((i == COMP_CWORD)) || given+="\${COMP_WORDS[i]%%=*} "
  done

  if [[ $cur == --*=* ]]; then
    flag=\${cur%%=*} value=\${cur#*=} prefix=\${cur%%=*}=
    [[ " $valued " == *" $flag "* ]] || return
  elif [[ $cur == -* ]]; then
    flag=
  fi`;

/** From `list` or `kind` to COMPREPLY. */
const reply = `  case $kind in
    words)
      for part in $list; do
        [[ $part == "$value"* ]] && COMPREPLY+=("$prefix$part")
      done
      ;;
    file | folder)
      [[ $kind == file ]] && sign=-f || sign=-d
      compopt -o filenames 2>/dev/null
      while IFS= read -r part; do
        COMPREPLY+=("$prefix$part")
      done < <(compgen "$sign" -- "$value")
      ;;
  esac

  # Away again, what stays in front of what bash replaces; within quotes nothing is taken apart.
  part=\${cur%%[\\"\\'\\\\]*}
  for sign in = : @; do
    [[ $COMP_WORDBREAKS == *"$sign"* && $part == *"$sign"* ]] || continue
    value=\${part%"\${part##*"$sign"}"}
    ((\${#value} > \${#head})) && head=$value
  done
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do
    COMPREPLY[i]=\${COMPREPLY[i]#"$head"}
  done`;

function commandCase({ name, firstArgument, flags }: Command): string {
  const words = {
    first: firstArgument ?? [],
    valued: flags.filter((flag) => flag.value !== undefined).map(dashed),
    switches: flags.filter((flag) => flag.value === undefined).map(dashed),
  };
  const assignments = Object.entries(words)
    .filter(([, list]) => list.length > 0)
    .map(([variable, list]) => `        ${variable}=${quoted(list)}`);
  return `      ${name})\n${assignments.join("\n")}\n        ;;`;
}

function valueCase([name, values]: readonly [string, Values]): string {
  const assignment = typeof values === "string" ? `kind=${values}` : `list=${quoted(values)}`;
  return `      --${name}) ${assignment} ;;`;
}

function dashed({ name }: { readonly name: string }): string {
  return `--${name}`;
}

/** Words without blanks or quotes, as all of them are: bash takes the list apart at the blanks. */
function quoted(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}
