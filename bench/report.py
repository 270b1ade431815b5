# SPDX-License-Identifier: Apache-2.0
"""The measured figures as a Markdown table with ratios."""
import cases

UNITS = {"tok_s": "tok/s", "start_ms": "start to first token, ms", "idle_mib": "memory idle, MiB",
         "loaded_mib": "memory loaded, MiB", "ttft_newcomer": "newcomer's first token, ms",
         "during_p99": "gap p99 while it is read, ms", "during_p50": "gap p50 while it is read, ms",
         "during_max": "gap max while it is read, ms", "steady_p50": "gap p50 otherwise, ms",
         "steady_p99": "gap p99 otherwise, ms", "cold_last_first_token": "cold: last first token, ms",
         "cold_ttft_avg": "cold: mean first token, ms", "cold_all_done": "cold: all done, ms",
         "warm_last_first_token": "warm: last first token, ms", "warm_ttft_avg": "warm: mean first token, ms",
         "warm_all_done": "warm: all done, ms"}
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def _name(figure):
    return UNITS.get(figure, figure.replace("_", " ") + ", ms")


def _ratio(figure, ours, theirs):
    if not ours or not theirs:
        return "-"
    return f"{ours / theirs if figure in cases.HIGHER_IS_BETTER else theirs / ours:.2f}"


def _number(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def markdown(results, machine, command):
    lines = [BEGIN, "", f"Measured by `{command}`.", ""] + [f"- {m}" for m in machine] + [""]
    for result in results:
        case = cases.ALL[result["case"]]
        m = result["medians"]
        lines += [f"### {result['form'].upper()}: {case.title}", "",
                  f"{case.slots} slots, {case.context} tokens each; (b) is `{' '.join(result['tuning'])}`.", "",
                  "| | Lares | (a) llama-server | Lares is better by | (b) tuned | Lares is better by |",
                  "|---|---|---|---|---|---|"]
        for figure in case.headline:
            ours, a, b = (m[name].get(figure) for name in ("lares", "default", "tuned"))
            lines.append(f"| {_name(figure)} | {_number(ours)} | {_number(a)} | {_ratio(figure, ours, a)} | "
                         f"{_number(b)} | {_ratio(figure, ours, b)} |")
        lines.append("")
    return "\n".join(lines + [END])


def write(path, text):
    """Puts the table between the marks of an existing page, or makes the page."""
    try:
        page = open(path).read()
    except FileNotFoundError:
        page = f"{BEGIN}{END}"
    before, rest = page.split(BEGIN, 1)
    open(path, "w").write(before + text + rest.split(END, 1)[1])
