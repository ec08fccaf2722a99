# SPDX-License-Identifier: GPL-2.0
"""completion.py BUILD SHELL: the shell itself completes subcommands, options, values, policies, presets, keys, ids of instances and pids.

The shell is started as users have it, with the completion script of packaging/completion, and is asked what may follow a line.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from steps import ROOT, check, machine, run, skip

BASH = r"""
. /usr/share/bash-completion/bash_completion
. "$SCRIPT"
COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9 COMP_KEY=9
# As readline splits a line.
read -ra COMP_WORDS <<<"${LINE//=/ = }"
[[ $LINE != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_dime dime "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""
# A shell of its own on a terminal, in which the key is pressed; the words that it would offer are caught and printed between two marks.
ZSH_INSIDE = r"""
PS1=; fpath=($FOLDER $fpath)
autoload -Uz compinit; compinit -u -D
bindkey '^M' undefined; bindkey '^J' undefined; bindkey '^I' complete-word
mark() { print -r -- "MARK" }
ends() { mark; exit }
compprefuncs=(mark); comppostfuncs=(ends)
zstyle ':completion:*' list-grouped false
compadd() {
  local -a caught
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -A caught "$@"
  print -rl -- "word:"$^caught
  builtin compadd "$@"
}
"""
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell '. $INSIDE; print ready'
zpty -r shell text '*ready*ready*'
zpty -w -n shell "$LINE"$'\t'
zpty -r shell text '*MARK*MARK*'
print -r -- $text | tr -d '\r' | sed -n 's/^.*word://p'
"""


class Asking:
    def __init__(self, shell, build, folder):
        self.shell = shell
        self.environment = {"PATH": f"{build}/bin:/usr/bin:/bin", "HOME": folder, "DIME_RUNTIME_DIR": folder, "TERM": "dumb",
                            "XDG_CONFIG_HOME": folder, "FOLDER": str(ROOT / "packaging/completion"),
                            "SCRIPT": str(ROOT / "packaging/completion" / f"dime.{shell}")}

    def words(self, line):
        environment = {**self.environment, "LINE": line}
        if self.shell == "zsh":
            inside = Path(self.environment["HOME"]) / "inside.zsh"
            inside.write_text(ZSH_INSIDE)
            environment["INSIDE"] = str(inside)
        if self.shell == "fish":
            text = run("fish", "--no-config", "-c", 'source $SCRIPT; complete -C "$LINE"', environment=environment)
        else:
            text = run(self.shell, *(["--norc"] if self.shell == "bash" else ["-f"]), "-c", BASH if self.shell == "bash" else ZSH,
                       environment=environment)
        return {word.split("\t")[0].strip() for word in text.splitlines()} - {""}

    def expect(self, line, wanted, unwanted=()):
        found = self.words(line)
        check(set(wanted) <= found, f"{self.shell}: '{line}': {sorted(set(wanted) - found)} missing in {sorted(found)[:40]}")
        check(not found & set(unwanted), f"{self.shell}: '{line}': {sorted(found & set(unwanted))} should not be there")


def ask_all(ask, instance, pid):
    # zsh hands back the whole word, bash what is behind the last '='.
    value = (lambda word, part: part) if ask.shell == "bash" else (lambda word, part: word + part)
    ask.expect("dime ", ["run", "attach", "sweep", "--version"], ["__complete"])
    ask.expect("dime run --po", ["--policy"], ["--local"])
    ask.expect("dime run --policy s3", ["s3-fifo"])
    ask.expect("dime run --policy s3-fifo,", ["s3-fifo,small="])
    ask.expect("dime run --policy=mg", [value("--policy=", "mglru")])
    ask.expect("dime run --preset osdi", ["osdi16-class-a", "osdi16-class-b"], ["cxl-a"])
    ask.expect("dime run --wait ", ["auto", "spin", "sleep"])
    ask.expect("dime set --instance ", [instance])
    ask.expect("dime detach -p ", [pid])
    ask.expect("dime attach --pid ", [str(os.getpid())])
    ask.expect("dime config lat", ["latency_ns="], ["policy="])
    ask.expect("dime config policy=mg", [value("policy=", "mglru")])
    ask.expect("dime config instance_id=", [value("instance_id=", instance)])
    ask.expect("dime run -- shre", ["shred"])


def main():
    build, shell = Path(sys.argv[1]).resolve(), sys.argv[2]
    if not shutil.which(shell):
        skip(f"{shell} is not installed")
    if shell == "bash" and not Path("/usr/share/bash-completion/bash_completion").exists():
        skip("bash-completion is not installed")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.chmod(folder, 0o700)
        sleeper = subprocess.Popen([build / "bin/dime", "run", "--instance", "17", "--allow-floor", "--", "/usr/bin/python3", "-c",
                                    "import os, time; print(os.getpid(), flush=True); time.sleep(1e5)"],
                                   env={**os.environ, "DIME_RUNTIME_DIR": folder}, stdout=subprocess.PIPE, text=True)
        try:
            pid = sleeper.stdout.readline().strip()
            check(pid, "the sleeper did not start")
            time.sleep(machine.patience(0.2))
            ask_all(Asking(shell, build, folder), "17", pid)
        finally:
            sleeper.terminate()
            sleeper.wait()


if __name__ == "__main__":
    main()
