# bash completion for wirelaw. Everything comes from the command's own help, so it cannot fall behind.
_wirelaw() {
  local command=$1 cur=${COMP_WORDS[COMP_CWORD]} words
  if ((COMP_CWORD == 1)); then
    words=$("$command" --help 2>/dev/null | sed -n '/^verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    COMPREPLY=($(compgen -W "$words --help --version" -- "$cur"))
  elif [[ $cur == -* ]]; then
    words=$("$command" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u)
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  else
    words=$("$command" "${COMP_WORDS[1]}" --help 2>/dev/null | sed -n 's/^  {\([a-z0-9,]*\)}.*/\1/p')
    COMPREPLY=($(compgen -W "${words//,/ }" -- "$cur"))
  fi
}
complete -o default -F _wirelaw wirelaw ./wirelaw
