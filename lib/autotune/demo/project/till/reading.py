"""Lines as the tills send them, made into sales."""

from collections import namedtuple
from datetime import datetime

Sale = namedtuple("Sale", "receipt date shop item quantity cents")


def read(lines):
    """The sales of many lines; a line is receipt, time, shop, item, quantity, price in cents."""
    sales = []
    for line in lines:
        receipt, when, shop, item, quantity, price = line.split(";")
        date = datetime.strptime(when, "%Y-%m-%d %H:%M").date()
        cents = int(quantity) * int(price)
        sales.append(Sale(receipt, date, shop, item, int(quantity), cents))
    return sales
