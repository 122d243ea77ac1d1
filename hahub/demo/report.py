"""What people see: lines while it goes, tables at the end."""

from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.table import Table

from hahub.demo.figures import Figures, Reign
from hahub.demo.observations import Advertised, Answered, FifoLine, Observation, Told
from hahub.demo.steps import CHANNELS, Step
from hahub.demo.topology import VIRTUAL_ADDRESS


def introduce(console: Console, cast: Mapping[str, tuple[str, int]], service: str) -> None:
    """Say what is about to be seen. cast: address and priority of each node."""
    wrap = not console.is_terminal
    console.print(f"[bold]Three nodes share {VIRTUAL_ADDRESS}[/bold]")
    for name, (address, priority) in cast.items():
        console.print(f"  {name:<12}{address:<14}priority {priority}")
    console.print(f"Each runs hahub with the article's configuration, and {service}.", soft_wrap=wrap)
    console.print(f"client asks http://{VIRTUAL_ADDRESS}/ all the time.", soft_wrap=wrap)
    console.print("A mail server, a DingTalk robot and a webhook receiver are told what happens.", soft_wrap=wrap)


class Progress:
    """Tells the story while it happens: a line for each thing that is new. For ``with``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._heard = 0
        self._start = 0.0
        self._master: str | None = None
        self._answering: str | None = None
        self._told: dict[tuple[str, str], dict[str, float]] = {}
        self._status: Status | None = None

    def begin(self, step: Step, start: float) -> None:
        """Announce a step."""
        self._start = start
        self._told.clear()
        self._console.print(f"\n[bold]{step.title}[/bold]")
        if step.note:
            self._console.print(f"  [dim]{step.note}[/dim]", soft_wrap=not self._console.is_terminal)
        if self._console.is_terminal:
            self._status = self._console.status("[dim]waiting for what must follow[/dim]")
            self._status.start()

    def hear(self, seen: Sequence[Observation]) -> None:
        """Show what is new."""
        for observation in seen[self._heard :]:
            text = self._describe(observation)
            if text:
                self._say(observation.at, text)
        self._heard = len(seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        """Take the line that moves away, and give the cursor back."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def end(self, figures: Figures) -> None:
        """Say how the step went."""
        self._stop_waiting()
        for missing in figures.missing:
            self._console.print(f"  [red]missing[/red]   {missing}", highlight=False)
        if not figures.missing:
            rest = f"{figures.step.master} is the only master" if figures.step.master else "nobody is master"
            told = f"{figures.messages} of {figures.messages_expected} messages arrived"
            self._console.print(f"  [green]at rest[/green]    {rest}, {told}", highlight=False)

    def _describe(self, observation: Observation) -> str:
        match observation:
            case Advertised(node=node, priority=0):
                self._master = None
                return f"{node} resigns: advertisement with priority 0"
            case Advertised(node=node, priority=priority) if node != self._master:
                self._master = node
                return f"{node} advertises as master, priority {priority}"
            case FifoLine(node=node, text=text):
                return f"{node} writes into its FIFO: {text}"
            case Answered(node=node) if node != self._answering:
                self._answering = node
                return f"{VIRTUAL_ADDRESS} answers: {node}" if node else f"{VIRTUAL_ADDRESS} does not answer"
            case Told():
                return self._describe_told(observation)
            case _:
                return ""

    def _describe_told(self, told: Told) -> str:
        """One line when all channels have told a transition."""
        times = self._told.setdefault((told.node, told.state), {})
        times.setdefault(told.channel, told.at)
        if len(times) < len(CHANNELS):
            return ""
        each = ", ".join(f"{channel} {_seconds(times[channel] - self._start)}" for channel in CHANNELS)
        return f"told that {told.node} is {told.state}: {each}"

    def _say(self, at: float, text: str) -> None:
        since = f"{at - self._start:+.2f} s"
        self._console.print(f"  [cyan]{since:>9}[/cyan]  {text}", highlight=False, soft_wrap=True)


def show_reigns(console: Console, reigns: Sequence[Reign], *, beginning: float) -> None:
    """Who was master when, as seen on the wire."""
    table = Table()
    table.add_column("master")
    for heading in ("first\nadvert", "last\nadvert"):
        table.add_column(heading, justify="right")
    table.add_column("because")
    for reign in reigns:
        table.add_row(reign.node, f"{reign.start - beginning:.1f} s", f"{reign.end - beginning:.1f} s", reign.because)
    console.print("\n[bold]Who was master when, by the advertisements on the wire[/bold]")
    console.print(table)


def show_times(console: Console, figures: Sequence[Figures]) -> None:
    """What each change of the master took: a column per change."""
    changes = [one for one in figures if one.step.column]
    if not changes:
        return
    table = Table()
    table.add_column("", no_wrap=True)
    for change in changes:
        table.add_column(change.step.column.replace(" ", "\n"), justify="right")
    table.add_row("new master", *(change.step.master or "" for change in changes))
    table.add_row("MASTER on the wire", *(_seconds(change.on_the_wire) for change in changes))
    table.add_row("FIFO line MASTER", *(_seconds(change.in_the_fifo) for change in changes))
    table.add_row("address answers there", *(_seconds(change.answering) for change in changes))
    for index, channel in enumerate(CHANNELS):
        table.add_row(
            f"{channel} received", *(_seconds(change.told[index][1]) for change in changes), end_section=False
        )
    table.add_section()
    table.add_row("client without answer", *(_seconds(change.silence) for change in changes))
    table.add_row("messages received", *(f"{change.messages} of {change.messages_expected}" for change in changes))
    console.print("\n[bold]Seconds from what was done to server[/bold]")
    console.print(table)


def show_verdict(console: Console, figures: Sequence[Figures], steps: Sequence[Step], *, took: float) -> None:
    """One line if all went well, else a line for each thing that did not."""
    console.print()
    for one in figures:
        if one.missing:
            console.print(f"[red]something is missing[/red] when {one.step.title}, see above", soft_wrap=True)
    for step in steps[len(figures) :]:
        console.print(f"[red]not tried[/red]: {step.title}", soft_wrap=True)
    if len(figures) == len(steps) and not any(one.missing for one in figures):
        messages = sum(one.messages for one in figures)
        console.print(f"[green]nothing is missing[/green]: {messages} messages arrived, {took:.0f} s", soft_wrap=True)


def _seconds(value: float | None) -> str:
    return "missing" if value is None else f"{value:.2f}"


def show_way_around(console: Console, lines: Sequence[str]) -> None:
    """How to look around in what keeps running."""
    console.print("\n[bold]It keeps running until Ctrl-C. From another terminal:[/bold]")
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
