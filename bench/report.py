# SPDX-License-Identifier: Apache-2.0
"""The measured part of the page: what was to be reached and what was, and every figure as a Markdown table."""
import os
import statistics

import cases

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NAMES = {"tok_s": "throughput, tok/s", "ttft_p50": "TTFT p50, ms", "ttft_p99": "TTFT p99, ms",
         "ttft_avg": "TTFT mean, ms", "itl_p50": "ITL p50, ms", "itl_p99": "ITL p99, ms", "itl_max": "ITL max, ms",
         "last_first_token": "last first token, ms", "all_done": "all done, ms",
         "start_ms": "start to first token, ms", "idle_mib": "memory idle, MiB", "loaded_mib": "memory loaded, MiB",
         "peak_mib": "memory peak, MiB", "ttft_newcomer": "newcomer's TTFT, ms",
         "during_p50": "gap p50 while it is read, ms", "during_p99": "gap p99 while it is read, ms",
         "during_max": "gap max while it is read, ms", "steady_p50": "gap p50 otherwise, ms",
         "steady_p99": "gap p99 otherwise, ms"}
CONTENDERS = ("lares", "default", "tuned")


# ---------------------------------------------------------------- cells
def _name(figure):
    for kind in ("cold", "warm"):
        if figure.startswith(kind + "_"):
            return f"{kind}: {_name(figure.removeprefix(kind + '_'))}"
    return NAMES[figure]


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(values):
    """Median and spread: 12.3 (11.9-13.0)."""
    values = [v for v in values if v is not None]
    if len(values) < 2:
        return number(values[0] if values else None)
    return f"{number(statistics.median(values))} ({number(min(values))}-{number(max(values))})"


def _divided(above, below):
    return above / below if above and below else None


def _better_by(figure, ours, theirs):
    ratio = _divided(ours, theirs) if figure in cases.HIGHER_IS_BETTER else _divided(theirs, ours)
    return "-" if ratio is None else f"{ratio:.2f}"


def _times(ratio):
    return "-" if ratio is None else f"{ratio:.3f}x" if ratio < 2 else f"{ratio:.1f}x"


def _options(tuning):
    return f"`{' '.join(tuning)}`" if tuning else "the defaults"


def _table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


# ---------------------------------------------------------------- what was to be reached
class _Medians:
    """Medians of one form by case, contender and figure; None where nothing was measured."""

    def __init__(self, results):
        self.by_case = {r["case"]: cases.medians(r) for r in results}

    def get(self, case, name, figure):
        return self.by_case.get(case, {}).get(name, {}).get(figure)

    def better(self, case, figure):
        """That of (a) and (b) which did better; None until both were measured."""
        both = [self.get(case, name, figure) for name in ("default", "tuned")]
        if None in both:
            return None
        return max(both) if figure in cases.HIGHER_IS_BETTER else min(both)


def _throughput(m, case):
    ratio = _divided(m.get(case, "lares", "tok_s"), m.better(case, "tok_s"))
    return (f"{case}: throughput at least 0.97x of the better of (a) and (b)", _times(ratio),
            ratio and ratio >= 0.97)


def _newcomer_default(m):
    gap = _divided(m.get("newcomer", "default", "during_p99"), m.get("newcomer", "lares", "during_p99"))
    ttft = _divided(m.get("newcomer", "lares", "ttft_newcomer"), m.get("newcomer", "default", "ttft_newcomer"))
    return ("newcomer: gap p99 while it is read at least 7x smaller than (a)'s, its TTFT at most 1.1x",
            f"{_times(gap)}, TTFT {_times(ttft)}", gap and ttft and gap >= 7 and ttft <= 1.1)


def _newcomer_tuned(m):
    gap = _divided(m.get("newcomer", "tuned", "during_p99"), m.get("newcomer", "lares", "during_p99"))
    ttft = _divided(m.get("newcomer", "tuned", "ttft_newcomer"), m.get("newcomer", "lares", "ttft_newcomer"))
    target = "newcomer: gap p99 never larger than (b)'s at equal TTFT"
    if not gap or not ttft:
        return target, "-", None
    text = f"(b)'s gap is {_times(gap)} ours, its TTFT {_times(ttft)}"
    # Smaller gaps bought with a later first token are another point of the trade, not a better server.
    unequal = ttft > cases.EQUAL_TTFT
    return target, text + (": not at equal TTFT" if gap < 1 and unequal else ""), gap >= 1 or unequal


def _agents_cold(m):
    ratio = _divided(m.get("agents", "default", "cold_last_first_token"),
                     m.get("agents", "lares", "cold_last_first_token"))
    return "agents, cold: all 8 started at least 4x sooner than with (a)", _times(ratio), ratio and ratio >= 4


def _at_most_once(m, figure, target, theirs):
    """A target that holds in every case: the worst one decides."""
    ratios = {case: _divided(m.get(case, "lares", figure), theirs(case, figure)) for case in cases.ALL}
    if None in ratios.values():
        return target, "-", None
    worst = max(ratios, key=ratios.get)
    return (target, f"{_times(min(ratios.values()))} to {_times(ratios[worst])}, the worst in case {worst}",
            ratios[worst] <= 1)


def verdict(results):
    """[(target, what was measured, True, False or None for not measured)] of one form's results."""
    m = _Medians(results)

    def default(case, figure):
        return m.get(case, "default", figure)

    rows = [*(_throughput(m, case) for case in cases.PLAIN), _newcomer_default(m), _newcomer_tuned(m), _agents_cold(m),
            _at_most_once(m, "start_ms", "start to first token at most 1.0x of the better of (a) and (b)", m.better),
            _at_most_once(m, "idle_mib", "memory idle at most 1.0x of (a)'s", default),
            _at_most_once(m, "loaded_mib", "memory loaded at most 1.0x of (a)'s", default)]
    return [(target, text, None if met is None else bool(met)) for target, text, met in rows]


def _verdict_lines(results):
    if not results:
        return []
    rows = verdict(results)
    words = {True: "met", False: "**missed**", None: "not measured"}
    met = sum(row[2] is True for row in rows)
    return [f"## To reach, on the Q4_0 form: {met} of {len(rows)} met", "",
            *_table(("target", "measured", ""), [(target, text, words[state]) for target, text, state in rows])]


# ---------------------------------------------------------------- the tables
def agreement_lines(agreement):
    """`lares bench` and bench_client.py under the same load; the ratio is that of the medians."""
    rows = []
    for figure in ("tok_s", "ttft_p50", "itl_p50"):
        ours, theirs = ([run[figure] for run in agreement["runs"][name]] for name in ("lares bench", "bench_client"))
        ratio = _divided(cases.median(ours), cases.median(theirs))
        rows.append((NAMES[figure], cell(ours), cell(theirs), "-" if ratio is None else f"{ratio:.3f}"))
    return ["## Two load generators, one server", "",
            f"Lares on {agreement['form'].upper()} under {agreement['load']}, measured by `lares bench` and by "
            f"`bench_client.py` in turns.", "",
            *_table(("", "`lares bench`", "`bench_client.py`", "ratio"), rows)]


def _screening_text(result, screening):
    tried = screening["tried"]
    if result["tuning"] is None:
        return "No tuning of `llama-server` could be measured, so there is no (b)."
    best = "the defaults, so it is (a)" if result["tuning"] == [] else _options(result["tuning"])
    among = f"the {len(tried)} best of {screening['of'].upper()}" if screening["of"] else f"{len(tried)} tunings"
    quick = ", a quick screening" if screening["quick"] else ""
    return f"(b) is {best}, out of {among}{quick}.{_not_as_quick(result, screening)}"


def _not_as_quick(result, screening):
    """Where the newcomer waits longer with every tuning than with Lares, (b) is no equal of it."""
    if not screening["reference"]:
        return ""
    chosen = next(t["figures"] for t in screening["tried"] if t["tuning"] == result["tuning"])
    if chosen["ttft_newcomer"] <= cases.EQUAL_TTFT * screening["reference"]["ttft_newcomer"]:
        return ""
    return (f" No tuning brought the newcomer's first token within {cases.EQUAL_TTFT}x of Lares' time: "
            "(b) is the quickest.")


def _frontier_lines(screening, tuning):
    """What each tuning makes of the trade between the newcomer and the streams, one run each."""
    points = [(t["figures"], _options(t["tuning"]) + (" (b)" if t["tuning"] == tuning else ""))
              for t in screening["tried"] if t["figures"]]
    if screening["reference"]:
        points.append((screening["reference"], "**Lares**"))
    points.sort(key=lambda point: point[0]["ttft_newcomer"])
    rows = [(name, number(f["ttft_newcomer"]), number(f["during_p99"])) for f, name in points]
    return ["The screening, one run each:", "",
            *_table(("", NAMES["ttft_newcomer"], NAMES["during_p99"]), rows)]


def _notes(result, screening):
    left_out = [f"- left out of the screening: {_options(t['tuning'])}: {t['note']}"
                for t in screening["tried"] if t["note"]]
    if screening["note"]:
        left_out.append(f"- {screening['note']}")
    notes = left_out + [f"- {failure}" for failure in result["failures"]]
    return notes + [""] if notes else []


def _slots(case):
    return f"One slot of {case.context:,} tokens" if case.slots == 1 else (
        f"{case.slots} slots of {case.context:,} tokens")


def _case_lines(result, screening):
    case, runs = cases.ALL[result["case"]], dict(result["runs"])
    if result["tuning"] == []:
        runs["tuned"] = runs["default"]
    middle = cases.medians(result)
    rows = []
    for figure in case.headline:
        ours, a, b = (middle.get(name, {}).get(figure) for name in CONTENDERS)
        cells = [cell([run.get(figure) for run in runs.get(name, [])]) for name in CONTENDERS]
        rows.append((_name(figure), cells[0], cells[1], _better_by(figure, ours, a),
                     cells[2], _better_by(figure, ours, b)))
    head = ("", "Lares", "(a) llama-server", "better by", "(b) tuned", "better by")
    lines = [f"### {result['form'].upper()}: {case.title}", "",
             f"{_slots(case)}. {_screening_text(result, screening)}", "",
             *_table(head, rows), *_notes(result, screening)]
    return lines + (_frontier_lines(screening, result["tuning"]) if case.name == "newcomer" else [])


def markdown(state):
    """The measured part, from everything that was kept of a run (see bench/run)."""
    results = list(state["results"].values())
    commands = ", then ".join(f"`{command}`" for command in state["commands"])
    lines = [BEGIN, "", f"Measured by {commands}.", ""]
    lines += _verdict_lines([r for r in results if r["form"] == "q4_0"])
    lines += ["## Where", ""] + [f"- {line}" for line in state["machine"]] + [""]
    if state["agreement"]:
        lines += agreement_lines(state["agreement"])
    if results:
        lines += ["## Figures", ""]
    for result in results:
        lines += _case_lines(result, state["screenings"][f"{result['form']}/{result['case']}"])
    return "\n".join(lines + [END])


# ---------------------------------------------------------------- the page
def _split(path):
    if not os.path.exists(path):
        return "", "\n"
    with open(path) as file:
        page = file.read()
    if BEGIN not in page or END not in page.split(BEGIN, 1)[1]:
        raise ValueError(f"{path} has no place for figures: the lines {BEGIN} and {END}")
    before, rest = page.split(BEGIN, 1)
    return before, rest.split(END, 1)[1]


def check(path):
    """Fails where `write` would, before hours are spent."""
    _split(path)
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK):
        raise ValueError(f"{path} cannot be written")


def write(path, text):
    """Puts the measured part between the marks of an existing page, or makes the page."""
    before, after = _split(path)
    part = path + ".part"
    with open(part, "w") as file:
        file.write(before + text + after)
    os.replace(part, path)
