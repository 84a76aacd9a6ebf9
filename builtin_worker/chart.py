"""How does a series look? As an SVG that needs nothing from anywhere."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from builtin_worker.trend import Series

_SUPERFLUOUS: Final = re.compile(rb"<script.*?</script>|<!--.*?-->", re.DOTALL)
"""The settings of the tooltips that we leave out, and the day of the drawing."""

MAX_DOTS: Final = 200
"""Of more points only the line is drawn; a single one is a dot in any case."""

WIDTH: Final = 900
HEIGHT: Final = 340
MARKS: Final = 6
"""Moments that are written under the time axis."""


def svg(series: Series) -> bytes:
    """The measured points, and their trend as a dashed line."""
    # Only now: a worker that draws nothing need not carry the library.
    import pygal
    from pygal.style import Style

    moments = [at for at, _ in series.measurements]
    chart = pygal.DateTimeLine(
        width=WIDTH,
        height=HEIGHT,
        title=f"{series.name} ({series.unit})" if series.unit else series.name,
        js=(),  # its tooltips would be fetched from the internet
        explicit_size=True,
        legend_at_bottom=True,
        dots_size=2.5,
        show_dots=len(moments) <= MAX_DOTS,
        show_y_guides=True,
        show_x_guides=False,
        min_scale=4,
        max_scale=7,
        margin_right=50,
        x_labels=_marks(moments),
        x_value_formatter=lambda at: at.strftime(_form(moments)),
        value_formatter=_number,
        range=_range(series),
        style=Style(
            background="white",
            plot_background="white",
            colors=("#1f5fa8", "#c4591d"),
            font_family="sans-serif",
            guide_stroke_color="#dddddd",
            major_guide_stroke_color="#dddddd",
            guide_stroke_dasharray="none",
            major_guide_stroke_dasharray="none",
            title_font_size=16,
            label_font_size=12,
            major_label_font_size=12,
            legend_font_size=13,
        ),
    )
    # Else a random one: so the same pulses give the same file.
    chart.uuid = series.name.replace(" ", "-")
    chart.add(series.name, list(series.measurements), stroke_style={"width": 2})
    line = series.line()
    if line is not None:
        chart.add(
            "trend",
            _above_zero((moments[0], line.first), (moments[-1], line.last)),
            stroke_style={"width": 2, "dasharray": "6, 5"},
            show_dots=False,
        )
    return _SUPERFLUOUS.sub(b"", chart.render())


def _above_zero(*ends: tuple[datetime, float]) -> list[tuple[datetime, float]]:
    """The part of a straight line that is not below 0: there is nothing there to be drawn."""
    (began, first), (ended, last) = ends
    if min(first, last) >= 0:
        return list(ends)
    crossing = began + (ended - began) * (first / (first - last))
    return [(began, first), (crossing, 0.0)] if first > 0 else [(crossing, 0.0), (ended, last)]


def _marks(moments: list[datetime]) -> list[datetime]:
    """Evenly over the time there is."""
    first, last = moments[0], moments[-1]
    if first == last:
        return [first]
    return [first + (last - first) * number / (MARKS - 1) for number in range(MARKS)]


def _form(moments: list[datetime]) -> str:
    seconds = (moments[-1] - moments[0]).total_seconds()
    if seconds < 600:
        return "%H:%M:%S"
    return "%H:%M" if seconds < 86_400 else "%m-%d %H:%M"


def _range(series: Series) -> tuple[float, float]:
    """With room above and below, also for what never changes. Nothing here goes below 0."""
    line = series.line()
    values = [*series.values, *((line.first, line.last) if line else ())]
    lowest, highest = min(values), max(values)
    room = (highest - lowest) * 0.1 or max(abs(highest) * 0.05, 1.0)
    return max(0.0, lowest - room), highest + room


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
