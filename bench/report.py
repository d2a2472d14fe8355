# SPDX-License-Identifier: MIT
"""From results to docs/benchmarks.md: tables between its markers, and pictures beside it."""
import math
import pathlib
import re
import statistics

import groups
from harness import BASE, spread

MARKER = re.compile(r"(<!-- generated: ([a-z0-9-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def digits(value):
    """Three digits that count."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def multiple(value):
    """A ratio: two decimals, or two digits that count when it is small, none when it is large."""
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def added(pair, scale=1):
    """The two columns of a difference."""
    return [f"{pair[0] * scale:+.3f}", f"{pair[1] * scale:.3f}"] if pair else ["–", "–"]


def geometric(values):
    """The geometric mean of positive numbers."""
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


class Data:
    """The measurements of one group, looked up by metric, case and variant."""

    def __init__(self, result):
        self.result = result
        self.all = result["measurements"]
        self.cases = list(dict.fromkeys(entry["case"] for entry in self.all))
        self.variants = list(dict.fromkeys(entry["variant"] for entry in self.all))
        self.index = {(entry["metric"], entry["case"], entry["variant"]): entry for entry in self.all}

    def value(self, metric, case, variant):
        """The median, or None."""
        entry = self.index.get((metric, case, variant))
        return entry["median"] if entry else None

    def medians(self, metric, case, variant):
        """(median, median absolute deviation), or None."""
        entry = self.index.get((metric, case, variant))
        return (entry["median"], entry["mad"]) if entry else None

    def ratio(self, metric, case, variant, base=BASE):
        """(median, median absolute deviation) of the ratios to the base in each round, or None."""
        mine, other = self.index.get((metric, case, variant)), self.index.get((metric, case, base))
        if not mine or not other or 0 in other["values"]:
            return None
        return spread([value / unit for value, unit in zip(mine["values"], other["values"])])

    def failed(self, case, variant):
        """Was it tried in vain?"""
        return ("", case, variant) in self.index

    def difference(self, metric, case, variant, base=BASE):
        """(median, median absolute deviation) of the differences to the base in each round, or None."""
        mine, other = self.index.get((metric, case, variant)), self.index.get((metric, case, base))
        if not mine or not other:
            return None
        return spread([value - unit for value, unit in zip(mine["values"], other["values"])])

    def ratios(self, metric, title, cases=None, scale=1, unit=None, base=BASE, variants=None, mean=True):
        """A table: the base in its unit, the others as multiples of it, geometric means, the noise of each row."""
        others = variants or [name for name in self.variants if name != base]
        rows, columns = [], {name: [] for name in others}
        for case in [name for name in self.cases if cases is None or name in cases]:
            own = self.value(metric, case, base)
            row, noise = [case, digits(own * scale) if own else "failed"], []
            for name in others:
                pair = self.ratio(metric, case, name, base)
                row.append(multiple(pair[0]) if pair else "failed" if self.failed(case, name) else "–")
                if pair:
                    columns[name].append(pair[0])
                    noise.append(pair[1] / pair[0])
            rows.append(row + [f"{100 * max(noise, default=0):.0f} %"])
        if len(rows) > 1 and mean:
            rows.append(["**geometric mean**", ""] + [
                (f"**{geometric(values):.2f}**" + ("" if len(values) == len(rows) else f" of {len(values)}"))
                if values else "–" for values in columns.values()] + [""])
        head = f"{base}, {unit or next((entry['unit'] for entry in self.all if entry['metric'] == metric), '')}"
        return table([title, head] + others + ["noise"], rows)

    def plain(self, metric, title, form="{}", cases=None, scale=1):
        """A table of medians."""
        return table([title] + self.variants, [
            [case] + [form.format(value * scale) if (value := self.value(metric, case, name)) is not None else "–"
                      for name in self.variants]
            for case in self.cases if cases is None or case in cases])

    def column(self, metric, variant):
        """The ratios of a variant in all cases that it could do."""
        return [pair[0] for case in self.cases if (pair := self.ratio(metric, case, variant))]

    def all_ratios(self):
        """Every ratio to the base that can be made: (metric, case, variant) -> (median, deviation)."""
        pairs = {key: self.ratio(*key) for key in self.index if key[0] and key[2] != BASE}
        return {key: pair for key, pair in pairs.items() if pair and pair[0] > 0}

    def failures(self):
        """What could not be measured, and why, as a list."""
        lines = [f"- {entry['variant']}, {entry['case']}: {entry['reason']}."
                 for entry in self.all if entry["status"] == "failed"]
        return "\n".join(lines) + "\n" if lines else "Nothing failed.\n"

    def dots(self, metric, title, figure):
        """A picture: a row for each case, a dot for each variant."""
        axes = figure.subplots()
        others = [name for name in self.variants if name != BASE]
        for number, name in enumerate(others):
            points = [(pair[0], row) for row, case in enumerate(self.cases) if (pair := self.ratio(metric, case, name))]
            ours = name.startswith("numaperf")
            axes.scatter([x for x, _ in points], [y + (number - len(others) / 2) / 12 for _, y in points], label=name,
                         marker="D" if ours else "o", s=26 if ours else 16, zorder=3)
        axes.axvline(1, color="0.4", linewidth=1)
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        ticks = [tick for tick in (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_yticks(range(len(self.cases)), self.cases)
        axes.invert_yaxis()
        axes.grid(axis="y", color="0.9")
        axes.set_xlabel(title + " (left is better)")
        figure.legend(loc="upper center", ncols=4, fontsize="small", frameon=False)


def save(draw, path, rows):
    """Draw a picture as SVG that is the same for the same numbers."""
    import matplotlib
    matplotlib.use("svg")
    from matplotlib.figure import Figure
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "numaperf", "font.size": 9})
    figure = Figure(figsize=(7.5, 1.2 + 0.32 * rows))
    draw(figure)
    figure.subplots_adjust(left=0.2, right=0.97, bottom=0.6 / figure.get_figheight(),
                           top=1 - 0.6 / figure.get_figheight())
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    text = path.read_text()
    first, rest = text.split("\n", 1)
    path.write_text(f"{first}\n<!-- SPDX-License-Identifier: MIT -->\n" + re.sub(r"[ \t]+\n", "\n", rest))


def about(results):
    """The machine, and when and under what load each group ran."""
    machine = results["machine"]
    text = "\n".join(f"- {name}: {value}" for name, value in machine.items()) + "\n\n"
    return text + table(
        ["group", "mode", "rounds", "numaperf", "began (UTC)", "seconds", "load before", "load after"],
        [[name, group["mode"], str(group["rounds"]), group["revision"], group["began"], f"{group['seconds']:.0f}",
          f"{group['load'][0]:.1f}", f"{group['load'][1]:.1f}"] for name, group in results["groups"].items()])


def agreement(results):
    """How well a second run agrees: the differences of ratios beside the noise that the tables state."""
    rows = []
    for name, group in results["groups"].items():
        if "again" not in group:
            continue
        first, second = Data(group).all_ratios(), Data(group["again"]).all_ratios()
        for metric in dict.fromkeys(key[0] for key in first):
            keys = [key for key in first if key[0] == metric and key in second]
            apart = sorted(abs(second[key][0] / first[key][0] - 1) for key in keys)
            noise = [max(pairs[key][1] / pairs[key][0] for pairs in (first, second)) for key in keys]
            within = [sum(abs(second[key][0] / first[key][0] - 1) <= times * share + 0.005
                          for key, share in zip(keys, noise)) for times in (1, 3)]
            if keys:
                rows.append([name, metric, str(len(keys)), percent(statistics.median(noise)),
                             percent(statistics.median(apart)), percent(apart[len(apart) * 9 // 10]),
                             percent(apart[-1]), *[percent(count / len(keys)) for count in within],
                             f"{group['load'][0]:.1f}, {group['again']['load'][0]:.1f}"])
    return table(["group", "measure", "ratios", "noise, median", "apart, median", "nine in ten", "largest",
                  "within the noise", "within three times", "load"], rows) if rows else "No second run is stored.\n"


def percent(share):
    """A share as a percentage."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def write(results, document, pictures=True):
    """Bring the generated parts of a document up to date. Parts without results stay as they are."""
    document = pathlib.Path(document)
    parts = {"about": about(results), "agreement": agreement(results)}
    for name in groups.NAMES:
        if name not in results["groups"]:
            continue
        module, result = groups.load(name), results["groups"][name]
        parts.update(module.parts(result))
        for picture, draw in (module.plots(result) if pictures and hasattr(module, "plots") else {}).items():
            folder = document.parent / document.stem
            folder.mkdir(exist_ok=True)
            save(draw, folder / f"{picture}.svg", len(Data(result).cases))
    document.write_text(MARKER.sub(lambda match: match[1] + "\n" + parts[match[2]] + "\n" + match[3]
                                   if match[2] in parts else match[0], document.read_text()))
