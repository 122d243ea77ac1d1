"""The results as a table, as a chart, and as JSON with every sample."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.arithmetic import Verdict, judge
from tests.bench.figures import Figure
from tests.bench.machine import Machine

_HEAD = f"{'figure':58}{'unit':>12}{'statistic':>10}{'keepalived':>12}{'hahub':>10}{'ratio':>8}  target"


@dataclass(frozen=True, slots=True)
class Result:
    """The samples that both daemons gave of one figure."""

    figure: Figure
    keepalived: tuple[float, ...]
    hahub: tuple[float, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        return judge(self.keepalived, self.hahub, self.figure.targets)


def table(results: Sequence[Result], machine: Machine) -> str:
    """Return the results for people, one line for each statistic."""
    lines = [str(machine), "", _HEAD, "-" * len(_HEAD)]
    for result in results:
        for verdict in _shown(result):
            lines.append(_line(result.figure, verdict))
    return "\n".join(lines) + "\n"


def _shown(result: Result) -> list[Verdict]:
    """One sample is its own median and p99: shown once."""
    few = max(len(result.keepalived), len(result.hahub)) <= 3
    return [v for v in result.verdicts if v.target is not None or not few or v.statistic == "median"]


def _line(figure: Figure, verdict: Verdict) -> str:
    scale = figure.unit.per_base
    numbers = f"{verdict.keepalived * scale:12.3f}{verdict.hahub * scale:10.3f}{verdict.ratio:8.2f}"
    target = _target(figure, verdict)
    return f"{figure.title:58}{figure.unit.name:>12}{verdict.statistic:>10}{numbers}  {target}".rstrip()


def _target(figure: Figure, verdict: Verdict) -> str:
    if verdict.target is None:
        return ""
    ratio, value = verdict.target.ratio_max, verdict.target.value_max
    bounds = []
    if ratio is not None:
        bounds.append(f"ratio <= {ratio:g}")
    if value is not None:
        bounds.append(f"<= {value * figure.unit.per_base:g} {figure.unit.name}")
    return f"{', '.join(bounds)}: {'met' if verdict.met else 'MISSED'}"


def page(results: Sequence[Result], machine: Machine) -> str:
    """Return the results as docs/performance.md shows them, each statistic that has a target, and medians."""
    lines = [
        str(machine).replace("\n", ". ") + ".",
        "",
        "| figure | statistic | keepalived | hahub | ratio | target | |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for result in results:
        lines += [_row(result.figure, v) for v in result.verdicts if v.target is not None or v.statistic == "median"]
    return "\n".join(lines) + "\n"


def _row(figure: Figure, verdict: Verdict) -> str:
    scale, unit = figure.unit.per_base, {"ms": "", "% of a core": " %"}.get(figure.unit.name, f" {figure.unit.name}")
    bounds, _, met = _target(figure, verdict).partition(": ")
    met = "**missed**" if met == "MISSED" else met
    numbers = f"{verdict.keepalived * scale:.3g}{unit} | {verdict.hahub * scale:.3g}{unit} | {verdict.ratio:.2f}"
    return f"| {figure.title} | {verdict.statistic} | {numbers} | {bounds.replace('<=', '≤')} | {met} |"


def raw(results: Sequence[Result], machine: Machine, settings: Mapping[str, object]) -> str:
    """Return everything as JSON; samples are in seconds, bytes and shares of a processor."""
    figures = {
        result.figure.name: {
            "title": result.figure.title,
            "keepalived": result.keepalived,
            "hahub": result.hahub,
            "targets": [asdict(target) for target in result.figure.targets],
        }
        for result in results
    }
    return json.dumps({"machine": asdict(machine), "settings": dict(settings), "figures": figures}, indent=1) + "\n"


def read_raw(text: str, figures: Sequence[Figure]) -> list[Result]:
    """Read what ``raw`` wrote, as far as these figures are in it."""
    found = json.loads(text)["figures"]
    return [
        Result(figure, tuple(found[figure.name]["keepalived"]), tuple(found[figure.name]["hahub"]))
        for figure in figures
        if figure.name in found
    ]


def chart(results: Sequence[Result], machine: Machine, path: Path) -> None:
    """Draw hahub ÷ keepalived of each figure on a logarithmic scale. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [(result, {verdict.statistic: verdict for verdict in result.verdicts}) for result in reversed(results)]
    figure, axes = pyplot.subplots(figsize=(11, 0.32 * len(rows) + 1.6), layout="constrained")
    for height, (_, verdicts) in enumerate(rows):
        medians, tails = verdicts["median"], verdicts["p99"]
        colour = "tab:red" if any(not verdict.met for verdict in verdicts.values()) else "tab:blue"
        axes.plot([medians.ratio, tails.ratio], [height, height], color=colour, linewidth=1)
        axes.plot(medians.ratio, height, "o", color=colour)
        axes.plot(tails.ratio, height, "|", color=colour, markersize=9)
        for verdict in verdicts.values():
            if verdict.target is not None and verdict.target.ratio_max is not None:
                axes.plot(verdict.target.ratio_max, height, ">", color="tab:gray", markersize=5)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [result.figure.title for result, _ in rows], fontsize=8)
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.set_xlabel("hahub ÷ keepalived, logarithmic; dot: median, bar: p99, grey: target; red: a target is missed")
    axes.set_title(str(machine).splitlines()[0], fontsize=8)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
