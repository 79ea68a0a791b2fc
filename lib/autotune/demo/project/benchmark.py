"""Says what one report costs, in rounds of a fixed piece of work that is timed beside it: what else the machine does slows both alike."""

from time import process_time

from sample import till_lines
from till.report import report

SALES = 120
TIMES = 12


def main():
    lines = till_lines(SALES)
    rounds, times = [], []
    for _ in range(TIMES):
        begun = process_time()
        text = report(lines)
        between = process_time()
        fixed_work()
        ended = process_time()
        rounds.append((between - begun) / (ended - between))
        times.append(between - begun)
    print(f"METRIC report_cost={median(rounds):.4f}")
    print(f"METRIC report_ms={1000 * min(times):.4f}")
    print(f"METRIC report_lines={len(text.splitlines())}")


def fixed_work():
    """Cuts texts up, adds up and sorts, as the report does."""
    sums = {}
    for number in range(1000):
        name, value = f"{number % 97}:{number}".split(":")
        sums[name] = sums.get(name, 0) + int(value)
    return sorted(sums.items())


def median(values):
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
