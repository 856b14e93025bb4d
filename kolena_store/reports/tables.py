"""The tables of a report, as markup and as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from kolena_store.display import number, visible
from kolena_store.inspection.compared import ComparedShown
from kolena_store.inspection.leaderboard import Leaderboard, MetricShown
from kolena_store.reports.contents import ReportContent
from kolena_store.reports.marks import (
    VERDICT_MARKS,
    delta_bar,
    figure,
    interval_bar,
    interval_text,
    scale_of,
    signed,
    verdict,
)
from kolena_store.test_suites import ALL

__all__ = ["board_rows", "comparison_rows", "markdown"]

MOST_MARKDOWN = 60


def board_rows(board: Leaderboard, metric: MetricShown) -> Markup:
    """Return the rows of one metric: test cases down, models across."""
    scale = scale_of([row for (_, _, name), row in board.cells.items() if name == metric.name])
    lines = []
    for scenario in board.scenarios:
        cells = []
        for model in board.models:
            row = board.cells.get((scenario.name, model, metric.name))
            if row is None or row["value"] is None:
                cells.append(f'<td class="num undefined">{number(None)}</td><td></td>')
                continue
            words = f"{metric.name} of {model} {figure(row['value'], is_bounded=metric.is_bounded)}"
            cells.append(
                f'<td class="num"><span class="value">{figure(row["value"], is_bounded=metric.is_bounded)}</span>'
                f'<span class="range">{interval_text(row, is_bounded=metric.is_bounded)}</span></td>'
                f"<td>{interval_bar(row, scale, label=words)}</td>"
            )
        kind = ' class="whole"' if scenario.name == ALL else ""
        note = f'<span class="note">{escape(scenario.description)}</span>' if scenario.description else ""
        lines.append(
            f'<tr{kind}><th scope="row">{escape(scenario.name)}{note}</th>'
            f'<td class="num">{number(scenario.n_samples)}</td>{"".join(cells)}</tr>'
        )
    return Markup("\n".join(lines))


def comparison_rows(rows: Sequence[Mapping[str, Any]], *, is_bounded: bool) -> Markup:
    """Return the rows of one comparison."""
    numbers = [abs(row[name]) for row in rows for name in ("delta", "ci_low", "ci_high") if row[name] is not None]
    reach = max(numbers, default=1.0)
    lines = []
    for row in rows:
        words = signed(row["delta"], is_bounded=is_bounded)
        note = row["reason"] or row["note"]
        more = f'<span class="note">{escape(note)}</span>' if note else ""
        kind = ' class="whole"' if row["test_case"] == ALL else ""
        lines.append(
            f'<tr{kind}><th scope="row">{escape(row["test_case"])}{more}</th>'
            f"<td>{verdict(row['verdict'], detected=bool(row['detected']))}</td>"
            f'<td class="num">{number(row["n"])}</td>'
            f'<td class="num">{figure(row["baseline"], is_bounded=is_bounded)}</td>'
            f'<td class="num">{figure(row["value"], is_bounded=is_bounded)}</td>'
            f'<td class="num value">{words}</td><td>{delta_bar(row, reach, label=words)}</td>'
            f'<td class="num">{figure(row["q"])}</td>'
            f'<td class="num">{figure(row["mde"], is_bounded=is_bounded)}</td></tr>'
        )
    return Markup("\n".join(lines))


def markdown(content: ReportContent) -> str:
    """Return a report for a pull request: what to know first, then a table for each model and metric."""
    parts = [f"## {_escaped(content.title)}"]
    if content.findings:
        parts.append("\n".join(f"- **Hidden regression**: {_escaped(text)}" for text in content.findings))
    for one in content.compared:
        for metric in content.board.metrics:
            parts += [f"### {_escaped(metric.name)}: {_escaped(one.model)} beside {_escaped(one.baseline)}"]
            parts.append(_comparison_table(content.rows[one.model, metric.name], one, metric))
    if not content.compared:
        parts += [part for metric in content.board.metrics for part in _board_parts(content.board, metric)]
    if content.notes:
        parts.append("\n".join(f"- {_escaped(note)}" for note in content.notes))
    parts.append(f"<sub>{_software(content)}</sub>")
    return "\n\n".join(parts) + "\n"


def _comparison_table(rows: Sequence[Mapping[str, Any]], one: ComparedShown, metric: MetricShown) -> str:
    lines = [
        f"| test case | verdict | n | {_escaped(one.baseline)} | {_escaped(one.model)} | difference | q |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows[:MOST_MARKDOWN]:
        values = [figure(row[name], is_bounded=metric.is_bounded) for name in ("baseline", "value")]
        mark = VERDICT_MARKS.get(row["verdict"], "")
        delta = signed(row["delta"], is_bounded=metric.is_bounded)
        q = figure(row["q"]).replace("<", "&lt;")
        cells = (
            _escaped(row["test_case"]),
            f"{mark} {row['verdict']}",
            number(row["n"]),
            *values,
            delta,
            q,
        )
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) > MOST_MARKDOWN:
        lines.append(f"\n{len(rows) - MOST_MARKDOWN} more test cases are not shown.")
    return "\n".join(lines)


def _board_parts(board: Leaderboard, metric: MetricShown) -> list[str]:
    heads = "".join(f" {_escaped(model)} |" for model in board.models)
    lines = [f"| test case | n |{heads}", f"|---|--:|{'--:|' * len(board.models)}"]
    for scenario in board.scenarios[:MOST_MARKDOWN]:
        cells = []
        for model in board.models:
            row = board.cells.get((scenario.name, model, metric.name))
            shown = figure(row["value"] if row else None, is_bounded=metric.is_bounded)
            interval = interval_text(row, is_bounded=metric.is_bounded) if row and row["value"] is not None else ""
            cells.append(f" {shown} {interval} |".replace("  ", " "))
        lines.append(f"| {_escaped(scenario.name)} | {number(scenario.n_samples)} |{''.join(cells)}")
    if len(board.scenarios) > MOST_MARKDOWN:
        lines.append(f"\n{len(board.scenarios) - MOST_MARKDOWN} more test cases are not shown.")
    return [f"### {_escaped(metric.name)}", "\n".join(lines)]


def _software(content: ReportContent) -> str:
    from kolena_store import __version__

    scope = content.scope
    return (
        f"{_escaped(scope.of.dataset.name)} version {scope.of.version.version}, suite {_escaped(scope.suite.name)} "
        f"version {scope.suite.version}, {content.made:%Y-%m-%d %H:%M} UTC, kolena_store {__version__}"
    )


def _escaped(text: str) -> str:
    """Return text in which nothing is taken for Markdown or HTML."""
    escaped_html = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{one}" if one in "\\`*_{}[]#!|~$@" else one for one in escaped_html)
