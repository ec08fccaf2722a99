# SPDX-License-Identifier: GPL-2.0
"""man.py DIME OUT: the manual pages below OUT/man1, man3 and man5, made by pandoc from the Markdown of pages.py."""
import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

from pages import pages
from reference import describe

HERE = Path(__file__).resolve().parent
# Names under which a page is found as well.
OTHER_NAMES = {"dime_place.3": ["dime_pin.3", "dime_mark.3"]}


def date():
    """That of the changelog's newest entry for a package (SOURCE_DATE_EPOCH), or today."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp()))
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%d")


def roff(name, text, version):
    title, section = name.rsplit(".", 1)
    values = {"title": title, "section": section, "date": date(), "footer": f"dime {version}", "header": "DiME"}
    command = ["pandoc", "-f", "markdown-smart-tex_math_dollars-raw_html", "-t", "man", "-s", f"--template={HERE / 'man.template'}",
               f"--lua-filter={HERE / 'man.lua'}", *(f"--variable={key}={value}" for key, value in values.items())]
    made = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout
    # A heading begins a paragraph itself.
    made = re.sub(r"^(\.S[HS] .*\n)\.PP\n", r"\1", made, flags=re.MULTILINE)
    return ("'\\\" t\n" if "\n.TS\n" in made else "") + made


def main():
    dime, out = sys.argv[1], Path(sys.argv[2])
    version = describe(dime)["version"]
    for name, text in pages(dime):
        folder = out / f"man{name[-1]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(roff(name, text, version))
        for other in OTHER_NAMES.get(name, []):
            (folder / other).unlink(missing_ok=True)
            (folder / other).symlink_to(name)


if __name__ == "__main__":
    main()
