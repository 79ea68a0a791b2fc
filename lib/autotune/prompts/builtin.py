"""What a workshop begins with where nothing is deployed yet: a pack and a rubric for each behaviour. Both are files that you can edit."""

from __future__ import annotations

from autotune.core.judging.packs import Pack
from autotune.core.judging.rubric import Criterion
from autotune.core.records.behaviors import Behavior

INSTRUCTIONS = {
    Behavior.TASK_EXTRACTION: (
        "Look for things in the message that the user wants done at a later time. For each, call the scheduling tool with what is to be "
        "done and when, in the user's time zone. Ask when the time is missing. If nothing is to be done later, schedule nothing."
    ),
    Behavior.RESPONSE_QUALITY: (
        "Answer the question that was asked, correctly and in as few words as it needs. Say what you do not know. Put the answer first "
        "and the reasons after it. Refuse only what would do harm, and say why."
    ),
    Behavior.TOOL_CALLING: (
        "Call a tool when the answer depends on something that you cannot know without it, and only then. Choose the narrowest one. "
        "Check its arguments against what the user said. Ask before you change or delete anything that the user did not name."
    ),
    Behavior.TOOL_OUTCOME: (
        "Base the answer on what the tools returned. If one failed, say so and say what that means for the answer. Never report a result "
        "that no tool gave."
    ),
    Behavior.MEMORY_POLICY: (
        "Use what is known of the user where it changes the answer, and leave it out where it does not. State nothing about the user that "
        "is not in memory or in this conversation."
    ),
    Behavior.MEMORY_RECALL: (
        "Use the memories that bear on this message. If two of them disagree, go by the later one. If the user contradicts a memory, "
        "the user is right."
    ),
}
RUBRICS = {
    Behavior.TASK_EXTRACTION: (
        Criterion("found", 0.5, "Was every later task found?", "Each one, and nothing else.", "A task was missed or made up."),
        Criterion("time", 0.3, "Is each time right?", "The time that the user meant.", "Another time, or none."),
        Criterion("wording", 0.2, "Does each task say what is to be done?", "Clear without the message.", "It cannot be acted on."),
    ),
    Behavior.RESPONSE_QUALITY: (
        Criterion("correct", 0.4, "Is the answer right?", "Every statement holds.", "It misleads, or there is none."),
        Criterion("helpful", 0.3, "Does it do what the user needs?", "The user can go on with it.", "It misses the question."),
        Criterion("clear", 0.15, "Is it easy to follow?", "Read once, understood.", "It has to be worked out."),
        Criterion("concise", 0.15, "Is it as long as it needs to be?", "No word too many.", "Padded, or cut short."),
    ),
    Behavior.TOOL_CALLING: (
        Criterion("needed", 0.4, "Was a tool called where one was needed, and only there?", "Exactly then.", "A needed call is missing."),
        Criterion(
            "right", 0.4, "Was it the right tool, with the right arguments?", "The narrowest one, all arguments right.", "The wrong one."
        ),
        Criterion("safe", 0.2, "Was nothing risked that the user did not ask for?", "Nothing.", "Something was changed or lost."),
    ),
    Behavior.TOOL_OUTCOME: (
        Criterion("used", 0.4, "Does the answer rest on what the tools returned?", "Wholly.", "It ignores them."),
        Criterion("honest", 0.4, "Are failures said?", "Each one, with what it means.", "A failure is passed off as a result."),
        Criterion("accurate", 0.2, "Is what they returned told as it was?", "Without an error.", "Figures or names are wrong."),
    ),
    Behavior.MEMORY_POLICY: (
        Criterion("relevant", 0.5, "Were the facts used that matter here?", "All of them, and no others.", "None, or only idle ones."),
        Criterion("true", 0.5, "Is nothing made up about the user?", "Nothing.", "A fact was invented."),
    ),
    Behavior.MEMORY_RECALL: (
        Criterion("relevant", 0.5, "Were the memories used that bear on the message?", "All of them.", "They were ignored."),
        Criterion("consistent", 0.5, "Does the answer agree with them?", "Throughout.", "It contradicts one."),
    ),
}


def pack(behavior: Behavior) -> Pack:
    """The pack that a behaviour begins with."""
    return Pack(behavior, INSTRUCTIONS[behavior])


def rubric(behavior: Behavior) -> str:
    """The rubric that a behaviour begins with, as its file's text."""
    import tomli_w

    criteria = [
        {"name": one.name, "weight": one.weight, "question": one.question, "best": one.best, "worst": one.worst}
        for one in RUBRICS[behavior]
    ]
    heading = f"# What a judge looks at in {behavior}. Weights add up to 1; `best` is worth 1, `worst` 0.\n"
    return heading + tomli_w.dumps({"criteria": criteria})
