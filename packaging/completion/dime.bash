# SPDX-License-Identifier: GPL-2.0
# bash completion for dime: asks the program itself what may follow, so that it knows every subcommand and option.
_dime() {
  local cur prev words cword i besides word
  # '=' and ',' belong to words.
  _get_comp_words_by_ref -n '=:,' cur prev words cword || return
  for ((i = 1; i < cword; i++)); do
    if [[ ${words[i]} == -- ]]; then
      _command_offset $((i + 1))
      return
    fi
  done
  {
    IFS= read -r besides
    while IFS=$'\t' read -r word _; do
      COMPREPLY+=("$word")
    done
  } < <("${words[0]}" __complete "${words[@]:1:cword}" 2>/dev/null)
  case $besides in
    files) _filedir ;;
    folders) _filedir -d ;;
  esac
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace
  fi
  __ltrimcolon_completions "$cur"
  # readline replaces only what is behind the last '='.
  if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${cur%=*}="}")
  fi
}
complete -F _dime dime
