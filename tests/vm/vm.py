#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel in QEMU with an initramfs of the cases, and judges what the console says.

A case is a shell script that busybox runs; it fails by its exit status or its time limit. Any WARN, BUG, lockdep or RCU report
of the kernel fails the run, as does a guest that does not switch itself off in time; then the console is shown.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import machine  # noqa: E402

SKIP = 77

# What a healthy kernel never says.
REPORTS = re.compile(
    r"WARNING:|BUG:|BUG at|Oops|general protection|rcu.*(stall|detected)|lockdep|possible (recursive|circular)"
    r"|inconsistent lock state|INFO: task .* blocked|soft lockup|hard LOCKUP|Kernel panic|KASAN|UBSAN|suspicious RCU"
    r"|unable to handle|Call Trace:|sleeping function called|bad page|Bad page|Bad rss")


def copy_program(root: Path, source: Path, target: str) -> None:
    """Copies a program without its debugging information, and every library that it needs."""
    copy = root / target
    copy.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "--strip-debug", "-o", copy, source], check=True)
    copy.chmod(0o755)
    listing = subprocess.run(["ldd", source], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listing, flags=re.MULTILINE):
        place = root / library.lstrip("/")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)


def copy_dime(root: Path, build: Path) -> None:
    for file in ("bin/dime", "lib/dime-probe", "lib/libdime-agent.so"):
        copy_program(root, build / file, f"dime/{file}")


def build_initramfs(target: Path, modules: Path, options: argparse.Namespace) -> None:
    guest, cases = options.guest, options.cases
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("bin", "guest", "modules", "cases", "tools"):
            (root / name).mkdir()
        shutil.copy("/bin/busybox", root / "bin/busybox")
        for file in ("init", "functions"):
            shutil.copy(HERE / "guest" / file, root / file)
        for tool in ("insert_module.sh", "config_template.conf"):
            shutil.copy(HERE.parent.parent / "tools" / tool, root / "tools" / tool)
        for module in modules.glob("*.ko"):
            subprocess.run(["strip", "--strip-debug", "-o", root / "modules" / module.name, module], check=True)
        for name in options.module:
            found = sorted(modules.parent.rglob(f"kernel/drivers/**/{name}.ko"))
            shutil.copy(found[0], root / "modules" / f"{name}.ko")
        for program in guest.iterdir():
            if program.is_file() and os.access(program, os.X_OK):
                shutil.copy(program, root / "guest" / program.name)
        for number, case in enumerate(cases):
            shutil.copy(case, root / "cases" / f"{number:02}-{case.stem}")
        os.chmod(root / "init", 0o755)
        if options.dime:
            copy_dime(root, options.dime)
        for program in filter(Path.exists, options.program):
            copy_program(root, program, f"programs/{program.name}")
        for file in options.file:
            (root / "files").mkdir(exist_ok=True)
            shutil.copy(file, root / "files" / file.name)
        names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
        with open(target, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)


def accelerator(icount: bool) -> str:
    """QEMU's translator. Before 8.1 one processor of the guest may translate code while another patches it (ftrace, static
    keys), and then keeps executing the breakpoint of the patch long after it is gone: an Oops "int3" every few
    minutes, with any kernel and without our module. There, the guest's processors take turns."""
    if icount:
        return "tcg"
    says = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    found = re.search(r"version (\d+)\.(\d+)", says)
    safe = found is not None and (int(found.group(1)), int(found.group(2))) >= (8, 1)
    return "tcg,thread=multi" if safe else "tcg,thread=single"


def boot(kernel: Path, initramfs: Path, options: argparse.Namespace) -> tuple[str, bool]:
    """The console's text, and whether the guest came to its end by itself."""
    # A guest that its host stops for half a minute is no lockup; what hangs for good meets the time limits.
    patience = "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
    settings = f"console=ttyS0 panic=-1 oops=panic nokaslr no_timer_check quiet {patience} limit={options.limit} {options.append}"
    command = ["qemu-system-x86_64", "-accel", accelerator(options.icount), "-m", "768",
               "-smp", str(options.smp), "-nic", "none", "-vga", "none", "-display", "none", "-serial", "stdio",
               "-no-reboot", "-kernel", str(kernel), "-initrd", str(initramfs), "-append", settings]
    for option in options.machine:
        command += option.split()
    if options.icount:
        command += ["-icount", "shift=0,sleep=off"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=options.timeout)
        return done.stdout.decode(errors="replace"), True
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace"), False


def judge(console: str, ended: bool, cases: list[Path]) -> list[str]:
    faults = []
    if not ended or "vm: finished" not in console:
        faults.append("the guest did not finish")
    for number, case in enumerate(cases):
        name = f"{number:02}-{case.stem}"
        end = re.search(rf"vm: end {name} (\d+)", console)
        if end is None:
            faults.append(f"{case.stem}: did not end")
        elif end.group(1) != "0":
            faults.append(f"{case.stem}: exit status {end.group(1)}")
    faults += [f"kernel report: {line.strip()}" for line in console.splitlines() if REPORTS.search(line)]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="what prepare made")
    parser.add_argument("--release", required=True, help="a release in it, or 6.1, 6.12, newest")
    parser.add_argument("--guest", type=Path, required=True, help="folder of the guest programs")
    parser.add_argument("--dime", type=Path, help="a build folder: its dime is put into the guest")
    parser.add_argument("--program", type=Path, action="append", default=[], help="put into the guest with its libraries, as /programs/NAME")
    parser.add_argument("--file", type=Path, action="append", default=[], help="put into the guest as /files/NAME")
    parser.add_argument("--module", action="append", default=[], help="one of the kernel's own modules, put into the guest")
    parser.add_argument("--machine", nargs="+", default=[], help="more options of QEMU's")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--icount", action="store_true", help="one instruction is one virtual nanosecond")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for the guest, on a fast machine")
    parser.add_argument("--limit", type=int, default=60, help="seconds for each case, on a fast machine")
    parser.add_argument("--append", default="wait=1", help="more of the kernel's command line; NAME=VALUE reaches the guest's init")
    parser.add_argument("--show", action="store_true", help="show the console in any case")
    parser.add_argument("cases", type=Path, nargs="+")
    options = parser.parse_args()
    options.timeout, options.limit = (round(machine.patience(seconds)) for seconds in (options.timeout, options.limit))
    home = options.cache / options.release
    if not (home / "modules/dime.ko").exists():
        print(f"vm: no modules in {home}: prepare was skipped or has failed")
        return SKIP
    for tool in ("qemu-system-x86_64", "cpio", "strip"):
        if shutil.which(tool) is None:
            print(f"vm: {tool} is not installed (tests/vm/packages.txt)")
            return SKIP
    with tempfile.TemporaryDirectory() as folder:
        initramfs = Path(folder) / "initramfs"
        build_initramfs(initramfs, home / "modules", options)
        console, ended = boot(home / "vmlinuz", initramfs, options)
    faults = judge(console, ended, options.cases)
    if faults or options.show:
        print(console)
    for fault in faults:
        print(f"vm: FAIL {fault}")
    if not faults:
        print("\n".join(line for line in console.splitlines() if line.startswith("result ")))
        print(f"vm: {len(options.cases)} cases passed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
