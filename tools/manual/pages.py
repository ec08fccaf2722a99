# SPDX-License-Identifier: GPL-2.0
"""pages.py DIME OUT: the manual pages as Markdown, OUT/NAME.SECTION.md, from what `dime` says of itself and docs/reference.md.

A subcommand has its page by itself: what `dime __describe` says of it, with the meaning that the reference gives to an option where it has
one, and the reference's section where there is one.
"""
import re
import sys
from pathlib import Path

from reference import Reference, body_of, describe, split_at, text_of

SHARED = "Options of run and attach"
SEE_REFERENCE = "\nOptions of emulation, and sizes, times and rates, are explained in **dime-run**(1) and **dime**(1).\n"


def escaped(text):
    return re.sub(r"([\\*_\[\]<>`'\"-])", r"\\\1", text)


def page(name, section, title, parts):
    lines = [f"# NAME\n\n{escaped(name)} \\- {escaped(title)}\n"]
    for heading, text in parts:
        if text.strip():
            lines.append(f"# {heading}\n\n{text.strip()}\n")
    return f"{name}.{section}", "\n".join(lines)


def lowered(text):
    """Headings of a section of the reference become subsections."""
    return re.sub(r"^#{2,6} ", "## ", text, flags=re.MULTILINE)


def term(option):
    """An option as it is listed."""
    value = f" *{escaped(option['value'])}*" if option["value"] else ""
    return ", ".join(f"**{escaped(name)}**" for name in option["names"]) + value


def listed(options, meanings):
    lines = []
    for option in options:
        if option["argument"]:
            continue
        meaning = next((meanings[name] for name in reversed(option["names"]) if name in meanings), None)
        lines.append(f"{term(option)}\n:   {meaning or escaped(option['help'])}\n")
    return "\n".join(lines)


def synopsis(command, prose):
    """The forms that the first paragraph of the reference's section shows, or one made from the options."""
    name = command["name"]
    first = prose.split("\n\n")[0].replace("\n", " ")
    forms = [form for form in re.findall(r"`([^`]*)`", first) if form.split()[:2] == ["dime", name]]
    if not forms:
        arguments = "".join(f" {option['argument']}" for option in command["options"] if option["argument"])
        forms = [f"dime {name} [OPTIONS]{arguments}"]
    return "\n\n".join(f"**dime {name}**{escaped(form.removeprefix(f'dime {name}'))}" for form in dict.fromkeys(forms))


def command_page(command, reference, see_also):
    name, heading = command["name"], f"dime {command['name']}"
    prose = reference.prose_of(heading)
    meanings = {**reference.options_of(SHARED), **reference.options_of(heading)}
    description = lowered(prose) or escaped(command["summary"]) + ".\n"
    more = ""
    if name == "run":
        more = lowered(split_at(3, reference.section(SHARED))[0].split("| option |")[0]) + "".join(
            f"\n## {title}\n\n{text}" for title, text in split_at(3, reference.section(SHARED))[1].items())
    elif any("--local" in option["names"] for option in command["options"]):
        description += SEE_REFERENCE
    return page(f"dime-{name}", 1, command["summary"], [
        ("SYNOPSIS", synopsis(command, prose)), ("DESCRIPTION", description), ("OPTIONS", listed(command["options"], meanings)),
        ("EMULATION" if more else "", more), ("SEE ALSO", see_also)])


def main_page(tree, reference, see_also):
    commands = "\n".join(f"**dime-{escaped(command['name'])}**(1)\n:   {escaped(command['summary'])}\n" for command in tree["commands"])
    about = re.search(r"\n(DiME runs an.*?)\n\n", text_of("README.md"), re.DOTALL)[1]
    status, _, units = reference.intro.split("\n", 1)[1].partition("\n\nSizes, times")
    return page("dime", 1, "emulate disaggregated memory for unmodified programs", [
        ("SYNOPSIS", "**dime** *COMMAND* [*OPTIONS*]"),
        ("DESCRIPTION", f"{about}\n\n{lowered('## The two engines') }\n\n{reference.section('The two engines')}"),
        ("COMMANDS", commands), ("OPTIONS", listed(tree["options"], {})), ("UNITS", f"Sizes, times{units}"),
        ("EXIT STATUS", status.strip()), ("ENVIRONMENT", reference.section("Environment")), ("SEE ALSO", see_also)])


def place_page(reference):
    header = text_of("include/dime/dime.h")
    calls = re.findall(r"^(int dime_\w+\([^)]*\);)", header, flags=re.MULTILINE)
    prose = split_at(3, reference.section(SHARED))[1]["From the program"]
    contract = re.sub(r"^ \*? ?", "", re.search(r"/\*\n( \* What a program.*?) \*/", header, re.DOTALL)[1], flags=re.MULTILINE)
    code = "\n".join(["#include <dime/dime.h>", "", *calls])
    return page("dime_place", 3, "tell the emulator about a program's own memory", [
        ("LIBRARY", "DiME library (*libdime*, *\\-ldime*)"), ("SYNOPSIS", f"```c\n{code}\n```"), ("DESCRIPTION", f"{contract}\n{prose}"),
        ("RETURN VALUE", "0, or a negative errno: -ENOENT, there is no such tier; -EINVAL, there is no such memory; -ENOMEM."),
        ("SEE ALSO", "**dime-run**(1), **dime-set**(1)")])


def pages(dime):
    tree, reference = describe(dime), Reference()
    commands = tree["commands"]
    others = "**dime-spec**(5), **dime-trace**(5), **dime-result**(5), **dime_place**(3)"
    yield main_page(tree, reference, f"{', '.join('**dime-' + command['name'] + '**(1)' for command in commands)}, {others}")
    for command in commands:
        yield command_page(command, reference, f"**dime**(1), {others}")
    sweep = reference.section("dime sweep")
    example = re.search(r"```toml\n.*?```\n", sweep, re.DOTALL)[0]
    yield page("dime-spec", 5, "what dime sweep runs", [
        ("DESCRIPTION", f"A spec is a TOML file for **dime-sweep**(1).\n\n{lowered(reference.elsewhere['dime-spec(5)'])}"),
        ("EXAMPLES", example), ("SEE ALSO", "**dime-sweep**(1), **dime-result**(5)")])
    yield page("dime-trace", 5, "traces of page accesses", [
        ("DESCRIPTION", lowered(body_of("docs/trace-format.md"))), ("SEE ALSO", "**dime-trace**(1), **dime-whatif**(1)")])
    yield page("dime-result", 5, "results as JSON", [
        ("DESCRIPTION", lowered(reference.section("The result as JSON"))), ("RESULTS OF SWEEPS", reference.elsewhere["dime-result(5)"]),
        ("SEE ALSO", "**dime-run**(1), **dime-sweep**(1)")])
    yield place_page(reference)


def main():
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages(sys.argv[1]):
        (out / f"{name}.md").write_text(text)


if __name__ == "__main__":
    main()
