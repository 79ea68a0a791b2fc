"""What stands for a model in the demo of skills: it has one idea for a description."""

import json

IDEA = "Writes release notes, the changelog of a version, and what changed since the last tag. Use it when somebody wants to announce a release."


def proposes(request, chance):
    return json.dumps({"diagnosis": "it does not speak of changelogs, nor of what changed", "text": IDEA})
