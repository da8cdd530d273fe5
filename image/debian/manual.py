# SPDX-License-Identifier: GPL-3.0-or-later
"""Man pages, made of what the programs say of themselves: `postern --help` and that of every command and part (commands.def and
the option tables), `posternd --help`, `postern settings` (settings.def). What can't be understood ends the build."""
import re
import subprocess


class NotUnderstood(RuntimeError):
    """A help text has another form than options.c gives it."""


def said_by(program, *arguments):
    """Its standard output; what it says must not depend on this machine's settings."""
    return subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}).stdout


# -- roff -------------------------------------------------------------------------------------------------------------
def plain(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def prose(text):
    """Words between `marks` are what people type."""
    pieces = text.split("`")
    marked = "".join(f"\\fB{piece}\\fR" if number % 2 else piece for number, piece in enumerate(pieces))
    return plain(marked).replace("\\efB", "\\fB").replace("\\efR", "\\fR")


def title(name, section, date, version):
    return [f'.TH "{plain(name).upper()}" {section} {date} "Postern {version}" Postern']


def options_list(options):
    lines = []
    for name, argument, text in options:
        lines += [".TP", f"\\fB{plain(name)}\\fR" + (f" \\fI{plain(argument)}\\fR" if argument else ""), prose(text)]
    return lines


# -- what --help says -------------------------------------------------------------------------------------------------
def help_of(program, *words):
    """(synopsis, paragraphs of the description, [(option, argument, text)])"""
    text = said_by(program, *words, "--help")
    match = re.fullmatch(r"usage: (.+)\n\n((?:.+\n)+)\n((?:  --.+\n)+)", text)
    if not match:
        raise NotUnderstood(f"{' '.join(words)} --help:\n{text}")
    options = []
    for line in match[3].splitlines():
        option = re.fullmatch(r"  (--[a-z-]+)(?: ([A-Z]\S*))? +(\S.*)", line)
        if not option:
            raise NotUnderstood(f"{' '.join(words)} --help: {line}")
        options.append(option.groups())
    return match[1], " ".join(match[2].split("\n")).strip(), options


def parts_of(synopsis):
    """The parts that a synopsis such as `postern filter events|stats|show [--help]` names; there may be one alone."""
    if not synopsis.endswith(" [--help]"):
        if "PART" in synopsis.split():
            raise NotUnderstood(f"parts that have no names: {synopsis}")
        return []
    match = re.fullmatch(r"postern \S+ ((?:[a-z-]+\|)*[a-z-]+) \[--help\]", synopsis)
    if not match:
        raise NotUnderstood(f"parts: {synopsis}")
    return match[1].split("|")


def commands_of(program):
    text = said_by(program, "--help")
    rows = re.findall(r"^  ([a-z]+) +(\S.*)$", text, re.M)
    match = re.match(r"usage: (.+)\n\n((?:.+\n)+)\n", text)
    if not rows or not match:
        raise NotUnderstood(f"--help:\n{text}")
    return match[1], " ".join(match[2].split("\n")).strip(), rows


def read_all(program):
    """{words: (synopsis, about, options)} of all commands and their parts, and the options that all of them have."""
    synopsis, about, rows = commands_of(program)
    helps = {}
    for name, _ in rows:
        helps[name,] = help_of(program, name)
        for part in parts_of(helps[name,][0]):
            helps[name, part] = help_of(program, name, part)
    common = [option for option in helps[rows[-1][0],][2] if sum(option in h[2] for h in helps.values()) > len(helps) // 2]
    return synopsis, about, rows, helps, common


# -- the pages --------------------------------------------------------------------------------------------------------
STATUS = [".SH EXIT STATUS", ".TP", ".B 0", "done", ".TP", ".B 1", "failed: one line on standard error says why", ".TP", ".B 2",
          "the command line is wrong"]


def described(synopsis, about, options, common):
    own = [option for option in options if option not in common]
    lines = [".P", f"\\fB{plain(synopsis)}\\fR", ".P", prose(about)]
    return lines + options_list(own)


def command_page(name, text, helps, common, date, version):
    parts = [words for words in helps if words[0] == name and len(words) == 2]
    synopsis, about, options = helps[name,]
    lines = title(f"postern-{name}", 1, date, version) + [".SH NAME", f"postern\\-{name} \\- {plain(text)}", ".SH SYNOPSIS"]
    for words in parts or [(name,)]:
        lines += [f"\\fB{plain(helps[words][0])}\\fR", ".br"]
    lines += [".SH DESCRIPTION", prose(about)]
    if parts:
        for words in parts:
            lines += [f".SS {words[1]}"] + described(*helps[words], common)
    own = [option for option in options if option not in common]
    lines += [".SH OPTIONS"] + options_list(own)
    lines += [".P", "The options of every command are in", ".BR postern (1)."]
    return lines + [".SH SEE ALSO", ".BR postern (1),", ".BR postern.yaml (5),", ".BR posternd (8)"]


def main_page(synopsis, about, rows, common, date, version):
    lines = title("postern", 1, date, version) + [
        ".SH NAME", "postern \\- private API gateway with AWS\\(aqs resource policies", ".SH SYNOPSIS",
        f"\\fB{plain(synopsis.removeprefix('usage: '))}\\fR", ".SH DESCRIPTION", prose(about), ".SH COMMANDS"]
    for name, text in rows:
        lines += [".TP", f".BR postern\\-{name} (1)", prose(text)]
    lines += [".SH OPTIONS", "Every command has them, unless its own page says otherwise."] + options_list(common)
    lines += [".TP", "\\fB\\-\\-version\\fR", "print the version"] + STATUS
    lines += [".SH FILES",
              ".TP", ".I /etc/postern/postern.yaml", "the settings,", ".BR postern.yaml (5)",
              ".TP", ".I /var/lib/postern/credentials", "the first access key, for the aws command line",
              ".TP", ".I /var/lib/postern/credentials.cms", "the same, sealed to operator_certificate (openssl cms -decrypt)",
              ".TP", ".I /var/lib/postern/ca.pem", "the private CA of the default names",
              ".TP", ".I /var/log/postern/audit.log", "who changed what; see", ".BR postern\\-audit (1)"]
    return lines + [".SH SEE ALSO"] + [f".BR postern\\-{name} (1)," for name, _ in rows] + [".BR postern.yaml (5),", ".BR posternd (8)"]


def daemon_page(program, date, version):
    text = said_by(program, "--help")
    match = re.fullmatch(r"posternd: (.+)\nusage: (.+)\n((?:  --.+\n)+)((?:\S.+\n)*)", text)
    if not match:
        raise NotUnderstood(f"posternd --help:\n{text}")
    options = [re.fullmatch(r"  (--[a-z]+(?:, --[a-z]+)*)(?: ([A-Z]+))?(?: +(\S.*))?", line) for line in match[3].splitlines()]
    options = [(name, argument, text or "what they say") for name, argument, text in (option.groups() for option in options)]
    lines = title("posternd", 8, date, version) + [
        ".SH NAME", "posternd \\- supervises Postern and makes its endpoints", ".SH SYNOPSIS", f"\\fB{plain(match[2])}\\fR",
        ".SH DESCRIPTION", prose(match[1]), ".P", prose(" ".join(match[4].split("\n")).strip()), ".SH OPTIONS"] + options_list(options)
    lines += [
        ".SH SIGNALS", ".TP", ".B SIGTERM", "ends all: requests under way may finish within drain_timeout_ms; a second one ends at once.",
        "Namespaces, links and filters stay, for the next start or", ".BR postern\\-down (1).",
        ".TP", ".B SIGHUP", "reads the settings again and opens the logs anew",
        ".TP", ".B SIGKILL", "ends posternd alone: the gateway and the control program serve on, and its successor takes them over",
        ".SH ENVIRONMENT", ".TP", ".B NOTIFY_SOCKET",
        "the service manager\\(aqs socket, which is told when all serves and when it ends:", ".BR sd_notify (3)"]
    return lines + [".SH SEE ALSO", ".BR postern (1),", ".BR postern\\-run (1),", ".BR postern.yaml (5)"]


def settings_page(documentation, date, version):
    """`documentation` is what `postern settings` prints."""
    lines = title("postern.yaml", 5, date, version) + [
        ".SH NAME", "postern.yaml \\- settings of Postern", ".SH DESCRIPTION",
        "A YAML file, read by", ".BR posternd (8)", "at its start and on SIGHUP; by default",
        ".IR /etc/postern/postern.yaml .", "It needs only what differs from the defaults that are shown here.",
        prose("`postern settings --check FILE` judges a file.")]
    for block in re.split(r"\n\n", documentation.strip())[1:]:
        section = re.fullmatch(r"# --- (.+)", block)
        if section:
            lines.append(f'.SH "{plain(section[1])}"')
            continue
        setting = re.fullmatch(r"# (.+)\n((?:#   .+\n)*)([a-z0-9_]+):(?: (.*))?", block)
        if not setting:
            raise NotUnderstood(f"postern settings: {block}")
        text, keys, name, default = setting.groups()
        lines += [".TP", f"\\fB{plain(name)}\\fR: {plain(default) if default else '(empty)'}", prose(text)]
        if keys:
            lines.append(".RS")
            for key in keys.splitlines():
                key_name, key_text = re.fullmatch(r"#   (\S+) +(.+)", key).groups()
                lines += [".TP", f"\\fB{plain(key_name)}\\fR", prose(key_text)]
            lines.append(".RE")
    return lines + [".SH SEE ALSO", ".BR postern\\-settings (1),", ".BR posternd (8)"]


def apply_keys(text):
    """The keys of the files of `postern apply`, as `postern apply --keys` prints them."""
    lines = []
    for block in text.strip().split("\n\n"):
        section, *rows = block.splitlines()
        lines.append(f'.SH "KEYS OF {plain(section).upper()}"')
        for row in rows:
            match = re.fullmatch(r"  (\S+) +(\S(?:.*?\S)?)  +(\S.*)", row)
            if not match:
                raise NotUnderstood(f"postern apply --keys: {row}")
            lines += [".TP", f"\\fB{plain(match[1])}\\fR (\\fI{plain(match[2])}\\fR)", prose(match[3])]
    return lines


def pages(folder, date, version):
    """{file name: text} of all pages; the programs are in `folder`."""
    program = folder / "postern"
    synopsis, about, rows, helps, common = read_all(program)
    made = {"postern.1": main_page(synopsis, about, rows, common, date, version),
            "posternd.8": daemon_page(folder / "posternd", date, version),
            "postern.yaml.5": settings_page(said_by(program, "settings"), date, version)}
    for name, text in rows:
        made[f"postern-{name}.1"] = command_page(name, text, helps, common, date, version)
    page = made["postern-apply.1"]
    at = page.index(".SH SEE ALSO")
    page[at:at] = apply_keys(said_by(program, "apply", "--keys"))
    head = '.\\" Made of what the programs say of themselves.\n'
    return {name: head + "\n".join(lines) + "\n" for name, lines in made.items()}
