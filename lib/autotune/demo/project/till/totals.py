"""Sums of what was sold."""


def by_item(sales):
    """Quantity and cents of every item, the one that brought most first."""
    sums = []
    for name in sorted({sale.item for sale in sales}):
        quantity = sum(sale.quantity for sale in sales if sale.item == name)
        cents = sum(sale.cents for sale in sales if sale.item == name)
        sums.append((name, quantity, cents))
    return sorted(sums, key=lambda entry: -entry[2])


def by_shop(sales):
    """Cents of every shop."""
    sums = {}
    for sale in sales:
        total = sums.get(sale.shop, 0)
        sums[sale.shop] = total + sale.cents
    return sums


def by_day(sales):
    """Cents of every day, the earliest first."""
    sums = {}
    for sale in sales:
        sums[sale.date] = sums.get(sale.date, 0) + sale.cents
    return dict(sorted(sums.items()))
