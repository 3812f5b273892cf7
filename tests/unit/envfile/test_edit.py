"""Editing an env file: what is changed, and that nothing else is, byte for byte."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.envfile import edit
from ops.envfile.edit import notes
from ops.errors import NotReady, Refused

URL = "postgresql://app:s3cret@127.0.0.1:5432/app?sslmode=require"
PG = {"DATABASE_TYPE": "postgresql", "DATABASE_URL": URL}
U = URL.encode()

CASES = {
    "an empty file": (b"", b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n"),
    "both keys, each in its place": (
        b"# app\nDATABASE_URL=sqlite:///a.db\nSECRET=x\nDATABASE_TYPE=sqlite\n\n# end\n",
        b"# app\nDATABASE_URL=" + U + b"\nSECRET=x\nDATABASE_TYPE=postgresql\n\n# end\n",
    ),
    "windows line ends": (
        b"A=1\r\nDATABASE_TYPE=sqlite\r\n",
        b"A=1\r\nDATABASE_TYPE=postgresql\r\nDATABASE_URL=" + U + b"\r\n",
    ),
    "a byte-order mark": (
        b"\xef\xbb\xbfDATABASE_TYPE=sqlite\nDATABASE_URL=x\n",
        b"\xef\xbb\xbfDATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "two byte-order marks": (
        b"\xef\xbb\xbf\xef\xbb\xbfDATABASE_TYPE=x\nDATABASE_URL=x\n",
        b"\xef\xbb\xbf\xef\xbb\xbfDATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "no final newline, key in the last line": (
        b"DATABASE_TYPE=sqlite\nDATABASE_URL=x",
        b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U,
    ),
    "no final newline, key added": (
        b"DATABASE_TYPE=sqlite",
        b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U,
    ),
    "a repeated key: only the last one, which counts": (
        b"DATABASE_TYPE=a\nDATABASE_URL=x\nDATABASE_TYPE=b\n",
        b"DATABASE_TYPE=a\nDATABASE_URL=" + U + b"\nDATABASE_TYPE=postgresql\n",
    ),
    "export stays": (
        b"export DATABASE_TYPE=sqlite\nexport  DATABASE_URL=x\n",
        b"export DATABASE_TYPE=postgresql\nexport  DATABASE_URL=" + U + b"\n",
    ),
    "a comment behind a value goes above it, since systemd takes it for the value": (
        b"X=1\n  DATABASE_TYPE=sqlite  # where we live\nDATABASE_URL='x' #y\n",
        b"X=1\n# where we live\n  DATABASE_TYPE=postgresql\n#y\nDATABASE_URL=" + U + b"\n",
    ),
    "spaces around =, which a shell cannot read": (
        b"DATABASE_TYPE = sqlite\nDATABASE_URL= x\n",
        b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "commented keys are comments": (
        b"#DATABASE_TYPE=sqlite\n# DATABASE_URL=x\n",
        b"#DATABASE_TYPE=sqlite\n# DATABASE_URL=x\nDATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "a key within another value is not a key": (
        b"NOTE='\nDATABASE_TYPE=sqlite\n'\nMY_DATABASE_URL=x\n",
        b"NOTE='\nDATABASE_TYPE=sqlite\n'\nMY_DATABASE_URL=x\nDATABASE_TYPE=postgresql\nDATABASE_URL="
        + U
        + b"\n",
    ),
    "a key without a value": (
        b"DATABASE_TYPE\nDATABASE_URL=\n",
        b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "bytes that are not UTF-8 stay": (
        b"# caf\xe9\nDATABASE_TYPE=x\nDATABASE_URL=x\n# \xff\n",
        b"# caf\xe9\nDATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n# \xff\n",
    ),
    "already so": (
        b'DATABASE_TYPE="postgresql"\nDATABASE_URL=' + U + b"\n",
        b'DATABASE_TYPE="postgresql"\nDATABASE_URL=' + U + b"\n",
    ),
    "a multi-line value of our own key": (
        b"DATABASE_TYPE='a\nb'\nDATABASE_URL=x\n",
        b"DATABASE_TYPE=postgresql\nDATABASE_URL=" + U + b"\n",
    ),
    "old Macintosh line ends": (
        b"A=1\rDATABASE_TYPE=sqlite\rDATABASE_URL=x\r",
        b"A=1\rDATABASE_TYPE=postgresql\rDATABASE_URL=" + U + b"\r",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_two_keys_change_and_every_other_byte_stays(name: str) -> None:
    before, after = CASES[name]
    assert edit(before, PG) == after


@pytest.mark.parametrize("name", CASES)
def test_twice_is_the_same_as_once(name: str) -> None:
    once = edit(CASES[name][0], PG)
    assert edit(once, PG) == once


def test_none_takes_a_key_out_on_every_line_it_stands_on() -> None:
    before = b"A=1\nDATABASE_URL=x\n\nDATABASE_URL=y # keep this\nB=2\n"
    assert edit(before, {"DATABASE_URL": None}) == b"A=1\n\n# keep this\nB=2\n"


def test_a_quote_left_open_above_is_refused_when_it_would_swallow_the_new_value() -> None:
    with pytest.raises(Refused, match="line 2 opens a quote") as caught:
        edit(b"A=1\nB='open\n", {"DATABASE_URL": "postgresql://h/d?a=1&b=2"})
    assert "postgresql" not in str(caught.value)


def test_a_utf16_file_is_not_taken_for_text() -> None:
    with pytest.raises(NotReady, match="UTF-16"):
        edit("DATABASE_TYPE=sqlite\r\n".encode("utf-16"), PG)


def test_repeated_keys_and_export_are_told() -> None:
    said = notes(b"\n\nDATABASE_TYPE=a\n\nexport DATABASE_TYPE=b\n", PG)
    assert said[0] == "`DATABASE_TYPE` is there 2 times; the last, on line 5, counts (also: 3)"
    assert "systemd" in said[1]


_OTHER = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "# comment", "A=1", "export B='x y'", 'C="d"', "D", "E='", "=x", "F=\\", "  G = 1 # h"]
        ),
        st.sampled_from(
            ["DATABASE_TYPE=sqlite", "export DATABASE_TYPE='a b' # c", "DATABASE_URL = x", "DATABASE_URL"]
        ),
        _OTHER,
        _OTHER.map(lambda t: f"K={t}"),
    ),
    max_size=8,
)


@settings(max_examples=400, deadline=None)
@given(_LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_python_dotenv_reads_the_new_values_and_the_old_others(
    lines: list[str], end: str, bom: bool, final: bool
) -> None:
    text = end.join(lines) + (end if final else "")
    before = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    after = edit(before, PG)
    old, new = _dotenv(before), _dotenv(after)
    assert new == {**{k: v for k, v in old.items() if k not in PG}, **PG}


_KEPT = st.lists(
    st.sampled_from(
        ["", "# comment", "A=1", "export B='x y'", 'C="d" # e', "D", "  G = 1 # h", "caf\u00e9='\u20ac'"]
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(
    _KEPT,
    _KEPT,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["DATABASE_URL=x", "export DATABASE_URL='y z'"]),
)
def test_all_other_lines_are_byte_identical(above: list[str], below: list[str], end: str, line: str) -> None:
    before = end.join([*above, line, *below]).encode()
    after = edit(before, {"DATABASE_URL": URL}).decode().split(end)
    assert after[: len(above)] == above
    assert after[len(above)] == ("export " if "export" in line else "") + f"DATABASE_URL={URL}"
    assert after[len(above) + 1 :] == below


def _dotenv(content: bytes) -> dict[str, str]:
    stream = io.StringIO(content.decode("utf-8").lstrip("\ufeff"), newline="")
    return {k: v for k, v in dotenv_values(stream=stream, interpolate=False).items() if v is not None}
