# SPDX-License-Identifier: GPL-2.0
"""Every shell script passes shellcheck, and every script that starts with #! is executable.

Parts that another script reads have no #!: their variables may be for it, or its, and what is no more than a hint is left to them.
"""
import os
import shutil
import subprocess
import sys

import sources

SHELLS = (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash")
FOR_PARTS = ["--shell=bash", "--severity=warning", "--exclude=SC2034,SC2154,SC2010"]


def first_line(path):
    with open(path, "rb") as file:
        return file.readline(200)


if __name__ == "__main__":
    if not shutil.which("shellcheck"):
        print("SKIPPED: shellcheck is not installed", file=sys.stderr)
        sys.exit(77)
    scripts = [path for path in sources.files() if first_line(path).startswith(b"#!")]
    shells = [str(path) for path in scripts if first_line(path).strip() in SHELLS]
    parts = [str(path) for path in sources.files() if path.suffix in (".sh", ".bash") and not first_line(path).startswith(b"#!")]
    status = max(subprocess.run(["shellcheck", *words], check=False).returncode for words in (shells, [*FOR_PARTS, *parts]))
    problems = [f"{sources.name(path)}: not executable" for path in scripts if not os.access(path, os.X_OK)]
    sources.verdict(problems + ([f"shellcheck ended with {status}"] if status else []))
