"""What the tills sent twice, left out."""


def without_repeats(sales):
    """Each receipt once, in the order in which they came."""
    kept = []
    for sale in sales:
        if not any(sale.receipt == other.receipt for other in kept):
            kept.append(sale)
    return kept
