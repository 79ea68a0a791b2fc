"""Till lines as the shops send them, the same ones every time."""

SHOPS = ("Harbour", "Market", "Station", "Old Town", "University")
ITEMS = ("apples", "bread", "butter", "cheese", "coffee", "eggs", "flour", "honey", "jam", "milk", "oats", "olives", "onions")
ITEMS += ("pasta", "pears", "plums", "rice", "salt", "soap", "sugar", "tea", "tomatoes", "vinegar", "yoghurt")


def till_lines(count):
    """Lines of `count` sales; about one in ten is sent twice, as tills do when the network was down."""
    draw = drawer(20240305)
    lines = []
    for number in range(count):
        receipt = f"{draw(1 << 31):08x}-{number:06d}"
        when = f"2024-03-{1 + draw(28):02d} {8 + draw(12):02d}:{draw(60):02d}"
        shop, item = SHOPS[draw(len(SHOPS))], ITEMS[draw(len(ITEMS))]
        lines.append(f"{receipt};{when};{shop};{item};{1 + draw(9)};{49 + draw(1250)}")
        if draw(10) == 0:
            lines.append(lines[draw(len(lines))])
    return lines


def drawer(state):
    """Numbers that look like chance and never change, whatever the version of Python: a linear congruential generator."""

    def draw(below):
        nonlocal state
        state = (6364136223846793005 * state + 1442695040888963407) % (1 << 64)
        return (state >> 33) % below

    return draw
