"""The evening's report: what sold, where, and on which day."""

from till import totals
from till.cleaning import without_repeats
from till.reading import read

WIDTH = 40


def report(lines):
    """The report as text."""
    sales = without_repeats(read(lines))
    rows = [f"{len(sales)} sales"]
    for item, quantity, cents in totals.by_item(sales):
        rows.append(row(f"{item} ({quantity})", cents))
    for shop, cents in sorted(totals.by_shop(sales).items()):
        rows.append(row(shop, cents))
    for date, cents in totals.by_day(sales).items():
        rows.append(row(date.isoformat(), cents))
    return "\n".join(rows) + "\n"


def row(label, cents):
    """A label, dots, and an amount at the right edge."""
    text = label + " "
    amount = f" {money(cents)}"
    while len(text) + len(amount) < WIDTH:
        text = text + "."
    return text + amount


def money(cents):
    """Cents as people write them, with a comma between thousands: 1,234.50."""
    whole = str(cents // 100)
    grouped = ""
    while len(whole) > 3:
        grouped = "," + whole[-3:] + grouped
        whole = whole[:-3]
    return whole + grouped + "." + str(cents % 100).zfill(2)
