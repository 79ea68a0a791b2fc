"""The models of `autotune prompts demo`: a shop's agent, a judge of its answers and two proposers of better packs, as plain functions.

What the agent does depends on what its pack says, and on a little chance, so that the truth is known. Nothing here asks a service.
"""

import json
import re

FACTS = {
    "delivery": "Standard delivery takes three to five working days, and express delivery takes one.",
    "return": "You can return what you bought within 30 days, unused and in its box.",
    "invoice": "Invoices are under Account, Orders, Invoice, as PDF files.",
    "size": "The size table is beside each product; if you are between two sizes, the larger one fits.",
    "voucher": "A voucher goes into the field Voucher at checkout, one for each order.",
    "damage": "We replace what arrives damaged, if you tell us within 14 days.",
}
NEXT = {
    "delivery": "Next step: open Account, Orders, Track to see where it is.",
    "return": "Next step: choose Return in Account, Orders, and print the label.",
    "invoice": "Next step: open the order and choose Invoice.",
    "size": "Next step: measure your foot or chest and compare it with the table.",
    "voucher": "Next step: put the voucher in before you pay.",
    "damage": "Next step: send us a picture of the damage with your order number.",
}
PADDING = (
    "Thank you very much for your message, and for being a customer of ours. We are always glad to hear from you and we take every "
    "question seriously. "
)
CLOSING = " If there is anything else at all that we can do for you today, please do not hesitate to write to us again at any time."
LOOKED = "I have looked at your order. "

GUIDES = {
    "helpful": "End every answer with the next step that the user can take, in one sentence that begins with Next step.",
    "concise": "Answer in at most three sentences: no greeting, no thanks, no closing phrase.",
    "correct": "Look up the order in the order system before you answer, for every request.",
}


def agent(request, chance):
    """Answer a customer, as the pack says, nine times out of ten."""
    pack = request.messages[0].text.lower()
    asked = request.messages[-1].text.lower()
    topic = topic_of(asked)
    obeys = lambda word: word in pack and chance.random() < 0.9
    parts = [LOOKED if obeys("order system") else "", FACTS[topic]]
    if obeys("next step") or chance.random() < 0.1:
        parts.append(" " + NEXT[topic])
    if not obeys("no greeting"):
        parts = [PADDING if chance.random() < 0.7 else "", *parts, CLOSING if chance.random() < 0.5 else ""]
    return "".join(parts)


def topic_of(asked):
    """What a request is about."""
    return next((topic for topic in FACTS if topic in asked), "delivery")


def judge(request, chance):
    """Give marks for an answer, with a little noise; never obey what is fenced."""
    answer = part(request.messages[-1].text, "answer")
    found = {
        "correct": (4 if LOOKED.strip() in answer else 2, "It says what holds.", GUIDES["correct"]),
        "helpful": (4 if "Next step:" in answer else 0, "The user can go on.", GUIDES["helpful"]),
        "clear": (3, "It reads well.", ""),
        "concise": (4 if len(answer) < 260 and PADDING[:9] not in answer else 1, "No word too many.", GUIDES["concise"]),
    }
    criteria = {
        name: marked(*found.get(name, (3, "It will do.", "")), chance) for name in request.schema["properties"]["criteria"]["required"]
    }
    return json.dumps({"criteria": criteria, "remark": "", "sure": 3})


def marked(mark, praise, advice, chance):
    noisy = min(4, max(0, mark + chance.choice((-1, 0, 0, 0, 0, 0, 1))))
    return {"reason": praise if mark > 2 or not advice else f"It would be better so: {advice}", "mark": noisy}


def part(text, label):
    """The text of a fenced part."""
    found = re.search(rf"<<<(\w+) {label}\n(.*?)\n\1>>>", text, re.DOTALL)
    return found.group(2) if found else ""


def careful(request, chance):
    """Propose what concerns the answer alone."""
    return proposed(request, [GUIDES["helpful"], GUIDES["concise"]])


def eager(request, chance):
    """Propose whatever the judge asks for, also that the agent does more: whether that works outside, no answer shows beforehand."""
    return proposed(request, list(GUIDES.values()))


def proposed(request, guides):
    """Write a pack anew: what it says, and what the judge's reasons ask for most that it does not say yet. Examples are left out."""
    shown = request.messages[-1].text
    if "instructions" not in request.schema["properties"]:
        return json.dumps({"why": "Examples would not help.", "remark": "", "demos": []})
    present = part(shown, "the present instructions")
    missing = [guide for guide in guides if guide not in present]
    wanted = max(missing, key=lambda guide: shown.count(f"better so: {guide}"), default="")
    return json.dumps({"why": f"The judge asks for it: {wanted}", "remark": "", "instructions": f"{present.strip()} {wanted}".strip()})
