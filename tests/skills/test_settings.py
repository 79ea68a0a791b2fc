from __future__ import annotations

from pathlib import Path

import pytest

from autotune.errors import AutotuneError
from autotune.skills import settings


def read(tmp_path: Path, text: str, **variables: str) -> settings.Settings:
    (tmp_path / "skills.toml").write_text(text)
    return settings.read(tmp_path / "skills.toml", variables)


def test_a_variable_comes_before_the_file_before_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(
        tmp_path, 'review = "auto"\nmax_skills = 5\nskills = ["a"]\n', AUTOTUNE_SKILLS_MAX_SKILLS="7", AUTOTUNE_SKILLS_COOLDOWN_DAYS="2.5"
    )
    assert [found["review"], found["max_skills"], found["skills"], found["host"], found["cooldown_days"]] == [
        "auto",
        7,
        ("a",),
        "claude-code",
        2.5,
    ]
    assert settings.read(None, {"AUTOTUNE_SKILLS_SKILLS": "a, b", "AUTOTUNE_SKILLS_MODEL": "script:x"})["skills"] == ("a", "b")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.found() is None
    (tmp_path / "autotune").mkdir()
    (tmp_path / "autotune/skills.toml").touch()
    assert settings.found() == tmp_path / "autotune/skills.toml"


@pytest.mark.parametrize(
    "text",
    ['review = "yes"', "max_skils = 3", "nonsense = 1", 'model = "haiku"', "max_usd_per_run = -1", "x", "max_skills = 1.5", 'skills = "a"'],
)
def test_what_is_wrong_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        read(tmp_path, text)
    assert text.partition(" ")[0] in refused.value.message or "no TOML" in refused.value.message


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutotuneError, match="cannot be read"):
        settings.read(tmp_path / "none.toml", {})
    with pytest.raises(AutotuneError, match="AUTOTUNE_SKILLS_MAX_SKILLS"):
        settings.read(None, {"AUTOTUNE_SKILLS_MAX_SKILLS": "many"})


def test_the_page_lists_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs/skills.md").read_text("utf-8")
    assert [key.name for key in settings.KEYS if f"`{key.name}`" not in page] == []
