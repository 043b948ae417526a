# bash completion for wirelaw. Everything comes from the command's own help, so it cannot fall behind.
_wirelaw() {
  local command=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words help
  if ((COMP_CWORD == 1)); then
    words=$("$command" --help 2>/dev/null | sed -n '/^verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    words+=" --help --version"
  elif [[ $prev == --iut ]]; then
    words=$("$command" iut list 2>/dev/null | awk 'NR > 1 {print $1}')
    words+=" all-installed"
  elif [[ $cur == -* ]]; then
    words=$("$command" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u)
  elif ((COMP_CWORD == 2)); then
    # What may stand first: protocols, the actions of `iut`, or a list of choices.
    help=$("$command" "${COMP_WORDS[1]}" --help 2>/dev/null)
    words=$(sed -n '/^positional arguments:/,/^$/{
      s/^  \(protocol\|PROTOCOL\)  *//p
      s/^    \([a-z][a-z]*\)  .*/\1/p
      s/^  {\([a-z0-9,]*\)}.*/\1/p
    }' <<<"$help" | sed 's/,/ /g; s/ or / /g')
  elif [[ $prev == codec ]]; then
    words=mqtt
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _wirelaw wirelaw ./wirelaw
