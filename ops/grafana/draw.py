"""Draws the dashboard from a Prometheus, panel for panel in its own grid, with Matplotlib."""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from live import OPS, Prometheus
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.dates import DateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image
from promql import filled_in

DASHBOARD = json.loads((OPS / "grafana" / "dashboards" / "tally.json").read_text(encoding="utf-8"))
GRID_WIDTH = 24
INCHES = 0.72, 0.42
# Rows of the grid above and around the panels.
TOP, MARGIN = 1.6, 2.4
LEGEND = 4
BACKGROUND, PANEL, TEXT, LINES = "#111217", "#181b1f", "#ccccdc", "#2c3235"
PALETTE = ["#73BF69", "#F2CC0C", "#5794F2", "#FF9830", "#F2495C", "#B877D9", "#8AB8FF", "#FFF899"]
NAMES = {"green": "#73BF69", "orange": "#FF9830", "red": "#F2495C", "dark-red": "#C4162A"} | {
    "purple": "#B877D9",
    "transparent": "none",
}


def number(value: float, unit: str) -> str:
    """A figure with its unit, as Grafana would put it."""
    if unit == "s":
        scale = next(
            (s for s in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")) if abs(value) >= s[0]), None
        )
        return f"{value / scale[0]:.3g} {scale[1]}" if scale else "0 s"
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "bytes":
        power = min(3, int(math.log(value, 1024))) if value >= 1 else 0
        return f"{value / 1024**power:.3g} {['B', 'KiB', 'MiB', 'GiB'][power]}"
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text + (unit.removeprefix("suffix:") if unit.startswith("suffix:") else "")


def with_labels(text: str, labels: dict) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), text)


class Picture:
    """One look at the dashboard: from when to when."""

    def __init__(self, prometheus: Prometheus, start: float, end: float):
        self.prometheus, self.start, self.end = prometheus, start, end
        # Empty where there is no sample, as in Grafana: a line ends where its process does.
        self.times = np.arange(start, end, 1.0)
        self.dates = [datetime.fromtimestamp(t, UTC) for t in self.times]

    def series(self, target: dict) -> list[tuple[str, np.ndarray]]:
        found = []
        for one in self.prometheus.range(filled_in(target["expr"]), self.start, self.end):
            values = np.full(len(self.times), np.nan)
            for moment, value in one["values"]:
                index = round(moment - self.start)
                if index < len(values):
                    values[index] = float(value)
            found.append((with_labels(target["legendFormat"], one["metric"]), values))
        return sorted(found, key=lambda pair: pair[0])

    def panel(self, axes: Axes, panel: dict) -> None:
        axes.set_facecolor(PANEL)
        for spine in axes.spines.values():
            spine.set_color(LINES)
        axes.set_title(
            panel["title"], loc="left", color=TEXT, fontsize=8.5, fontweight="bold", pad=5
        )
        axes.tick_params(colors=TEXT, labelsize=6.5, length=0)
        {
            "stat": self.stat,
            "timeseries": self.lines,
            "heatmap": self.heatmap,
            "state-timeline": self.states,
        }[panel["type"]](axes, panel)
        place = panel["gridPos"]
        if panel["type"] != "stat":
            axes.set_xlim(self.dates[0], self.dates[-1])
            axes.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))
            axes.xaxis.set_major_locator(MaxNLocator(4 if place["w"] < 8 else 6, prune="both"))
            self.annotations(axes, named=panel["type"] == "timeseries" and place["h"] > 8)

    def stat(self, axes: Axes, panel: dict) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        found = [pair for target in panel["targets"] for pair in self.series(target)]
        # What has ended has no current figure.
        shown = [(name, v) for name, v in found if not np.isnan(v[-3:]).all()]
        axes.set_xticks([])
        axes.set_yticks([])
        for index, (name, values) in enumerate(shown):
            last = values[~np.isnan(values)][-1]
            steps = defaults["thresholds"]["steps"]
            color = [s["color"] for s in steps if s["value"] is None or last >= s["value"]][-1]
            text = number(last, defaults["unit"])
            for mapping in defaults["mappings"]:
                text = mapping["options"].get(str(int(last)), {}).get("text", text)
            if panel["options"]["textMode"] == "value_and_name":
                text = f"{name} {text}"
            place = (index + 0.5) / len(shown)
            axes.text(place, 0.55, text, transform=axes.transAxes, ha="center", va="center",
                      fontsize=17, color=NAMES[color], fontweight="bold")  # fmt: skip
            if panel["options"]["graphMode"] == "area" and len(shown) == 1:
                axes.fill_between(self.dates, values, color=NAMES[color], alpha=0.15, linewidth=0)
                axes.set_ylim(0, max(1e-9, np.nanmax(values)) * 1.6)
                axes.set_xlim(self.dates[0], self.dates[-1])

    def style(self, panel: dict, name: str) -> dict:
        """The properties that the overrides give to a series."""
        properties = {}
        for override in panel["fieldConfig"]["overrides"]:
            matcher = override["matcher"]
            pattern = matcher["options"]
            if matcher["id"] == "byName":
                pattern = re.escape(pattern)
            if re.fullmatch(pattern, name):
                properties |= {p["id"]: p["value"] for p in override["properties"]}
        return properties

    def lines(self, axes: Axes, panel: dict) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        custom, unit = defaults["custom"], defaults["unit"]
        stacked = np.zeros(len(self.times))
        found = [pair for target in panel["targets"] for pair in self.series(target)]
        # The legend has room for a few, as Grafana's shows a few before it scrolls.
        found.sort(key=lambda pair: -np.nanmax(np.append(pair[1], 0)))
        named = [name for name, _ in found[:LEGEND]]
        if custom["stacking"]["mode"] == "normal":
            found.sort(key=lambda pair: pair[0])
        palette = iter(PALETTE * 3)
        for name, values in found:
            style = self.style(panel, name)
            color = style.get("color", {}).get("fixedColor") or next(palette)
            color = NAMES.get(color, color)
            dash = "--" if style.get("custom.lineStyle", {}).get("fill") == "dash" else "-"
            last = values[~np.isnan(values)]
            label = f"{name}  {number(last[-1], unit)}" if len(last) else name
            label = label if name in named else "_"
            stacks = style.get("custom.stacking", custom["stacking"])["mode"] == "normal"
            if stacks:
                top = stacked + np.nan_to_num(values)
                there = ~np.isnan(values)
                axes.fill_between(self.dates, stacked, top, where=there, color=color, alpha=0.65,
                                  linewidth=0, label=label)  # fmt: skip
                stacked = top
            else:
                width = style.get("custom.lineWidth", 1.2)
                axes.plot(self.dates, values, dash, color=color, linewidth=width, label=label)
                if style.get("custom.fillOpacity", custom["fillOpacity"]):
                    axes.fill_between(self.dates, values, color=color, alpha=0.08, linewidth=0)
        for step in defaults.get("thresholds", {}).get("steps", []):
            if step["value"] is not None:
                axes.axhline(
                    step["value"], color=NAMES[step["color"]], linestyle="--", linewidth=0.8
                )
        axes.set_ylim(0, defaults.get("max") or max(axes.get_ylim()[1], 1e-6))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, unit)))
        axes.grid(color=LINES, linewidth=0.5)
        inches = axes.get_window_extent().height / axes.figure.dpi
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.24 / inches), frameon=False,
                    fontsize=6.3, labelcolor=TEXT, ncols=max(1, panel["gridPos"]["w"] // 3),
                    handlelength=1, columnspacing=1, borderaxespad=0)  # fmt: skip

    def heatmap(self, axes: Axes, panel: dict) -> None:
        buckets = sorted(
            (math.inf if name == "+Inf" else float(name), values)
            for name, values in self.series(panel["targets"][0])
        )
        cumulated = np.array([np.nan_to_num(values) for _, values in buckets])
        counts = np.diff(cumulated, axis=0, prepend=0)
        used = [i for i in range(len(counts)) if counts[i].max() > 0]
        low, high = max(0, used[0] - 1), min(len(counts), used[-1] + 2)
        shown = np.ma.masked_less_equal(counts[low:high], 0)
        axes.pcolormesh(self.dates, np.arange(low, high), shown, cmap="YlOrBr", shading="nearest",
                        norm=LogNorm(1, max(2, shown.max())))  # fmt: skip
        axes.set_ylim(low - 0.5, high - 0.5)
        axes.set_yticks(
            range(low, high),
            [number(b, "s") if b < math.inf else "∞" for b, _ in buckets[low:high]],
        )

    def states(self, axes: Axes, panel: dict) -> None:
        found = self.series(panel["targets"][0])
        mapping = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
        for row, (_, values) in enumerate(reversed(found)):
            for state, shown in mapping.items():
                at = np.flatnonzero(values == int(state))
                runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
                for run in runs:
                    left = self.dates[run[0]]
                    right = self.dates[min(run[-1] + 1, len(self.dates) - 1)]
                    color = NAMES.get(shown["color"], shown["color"])
                    axes.barh(row, right - left, left=left, height=0.7, color=color, alpha=0.8)
                    if len(run) > len(self.times) / 20:
                        axes.text(left + (right - left) / 2, row, shown["text"], color="white",
                                  ha="center", va="center", fontsize=6.5)  # fmt: skip
        axes.set_yticks(range(len(found)), [name for name, _ in reversed(found)])

    def annotations(self, axes: Axes, named: bool) -> None:
        for note in DASHBOARD["annotations"]["list"]:
            for one in self.prometheus.range(filled_in(note["expr"]), self.start, self.end):
                moments = [t for t, _ in one["values"]]
                if note.get("useValueForTime") == "on":
                    moments = [float(one["values"][0][1]) / 1000]
                if self.start <= moments[0] <= self.end:
                    left, right = (
                        datetime.fromtimestamp(m, UTC) for m in (moments[0], moments[-1])
                    )
                    axes.axvspan(left, right, color=note["iconColor"], alpha=0.12, linewidth=0)
                    axes.axvline(left, color=note["iconColor"], linestyle="--", linewidth=0.8)
                    if named:
                        text = with_labels(note["titleFormat"], one["metric"]) + " "
                        axes.text(left, 0.98, text, color="white", fontsize=7, ha="right", va="top",
                                  transform=axes.get_xaxis_transform())  # fmt: skip


def draw(prometheus: Prometheus, start: float, end: float, path: Path) -> None:
    """Writes the picture of the dashboard from the one time to the other, in seconds since 1970."""
    panels = DASHBOARD["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    width, height = GRID_WIDTH * INCHES[0], (rows + MARGIN) * INCHES[1]
    figure = plt.figure(figsize=(width, height), dpi=100, facecolor=BACKGROUND)
    first, last = (f"{datetime.fromtimestamp(t, UTC):%H:%M:%S}" for t in (start, end))
    when = f"{first} to {last} UTC"
    figure.text(0.01, 1 - 0.5 / (rows + MARGIN), DASHBOARD["title"], color="white", fontsize=15,
                fontweight="bold", va="top")  # fmt: skip
    figure.text(0.99, 1 - 0.6 / (rows + MARGIN), when, color=TEXT, fontsize=9, ha="right", va="top")
    picture = Picture(prometheus, start, end)
    for panel in panels:
        place = panel["gridPos"]
        bottom = 1 - (place["y"] + place["h"] + TOP) / (rows + MARGIN)
        if panel["type"] == "row":
            figure.text(0.01, bottom + 0.2 / rows, panel["title"], color="white", fontsize=10)
            continue
        # Inches of the panel that titles, ticks and the legend take.
        left = 0.15 if panel["type"] == "stat" else 0.62
        below = {"stat": 0.12, "timeseries": 0.62}.get(panel["type"], 0.3)
        axes = figure.add_axes(
            (
                place["x"] / GRID_WIDTH + left / width,
                bottom + below / height,
                place["w"] / GRID_WIDTH - (left + 0.12) / width,
                place["h"] / (rows + MARGIN) - (below + 0.3) / height,
            )
        )
        picture.panel(axes, panel)
    figure.canvas.draw()
    pixels = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    # A third of the size; the eye sees no difference.
    pixels.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    plt.close(figure)
