"""What the user sees while gigops works: lines and progress bars, on stderr only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops import interfaces


class ConsoleReporter:
    """`Reporter` on stderr. Bars appear on a terminal only; elsewhere a bar is one line at its start."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._verbose = verbose
        self._quiet = quiet

    def say(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text, markup=False)

    def detail(self, text: str) -> None:
        if self._verbose:
            self._console.print(text, markup=False, style="dim")

    def warn(self, text: str, *, hint: str = "") -> None:
        self._console.print(f"warning: {text}", markup=False, style="yellow")
        if hint:
            self._console.print(f"hint: {hint}", markup=False)

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[interfaces.Progress]:
        if self._quiet or not self._console.is_terminal:
            yield _Silent()
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield _Bar(bar, task)


class _Silent:
    def advance(self, amount: int) -> None:
        del amount


class _Bar:
    def __init__(self, bar: Progress, task: object) -> None:
        self._bar, self._task = bar, task

    def advance(self, amount: int) -> None:
        self._bar.advance(self._task, amount)  # type: ignore[arg-type]
