"""What is copied from one working tree into another means there what it meant here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autotune.edges.copies import bring_copies, leading_back, linked
from autotune.errors import AutotuneError


@pytest.fixture
def here(tmp_path: Path) -> Path:
    made = tmp_path / "here"
    (made / "lib/src").mkdir(parents=True)
    (made / "modules/deep").mkdir(parents=True)
    return made


LINKS = {
    "relative within": ("../../lib", "../../lib", ()),
    "absolute within": ("{here}/lib", "../../lib", ("modules/deep/link",)),
    "absolute outside": ("/usr/lib", "/usr/lib", ()),
    "relative outside": ("../../../beside", "{above}/beside", ("modules/deep/link",)),
    "a neighbour of like name": ("{here}-2/lib", "{here}-2/lib", ()),
    "a dangling one": ("nowhere", "nowhere", ()),
}


@pytest.mark.parametrize("case", LINKS)
def test_a_link_leads_to_its_own_tree_or_to_where_it_led_outside(here: Path, tmp_path: Path, case: str) -> None:
    said, wanted, changed = LINKS[case]
    (here / "modules/deep/link").symlink_to(said.format(here=here))
    there = tmp_path / "elsewhere/there"
    assert bring_copies(here, there, "modules") == changed
    assert os.fspath((there / "modules/deep/link").readlink()) == wanted.format(here=here, above=tmp_path)


def test_a_link_that_is_carried_itself_is_made_to_lead_to_its_own_tree(here: Path, tmp_path: Path) -> None:
    (here / "link").symlink_to(here / "lib")
    assert bring_copies(here, tmp_path / "there", "link") == ("link",)
    assert (tmp_path / "there/link").readlink() == Path("lib")


def environment(here: Path) -> Path:
    made = here / "venv"
    site = made / "lib/python3.1/site-packages"
    site.mkdir(parents=True)
    (made / "bin").mkdir()
    (made / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (made / "bin/tool").write_text(f"#!{here}/venv/bin/python\nprint(1)\n")
    (made / "bin/program").write_bytes(b"\0" + os.fsencode(here) + b"\0")
    (made / "bin/python").symlink_to("/usr/bin/python3")
    (site / "lib.pth").write_text(f"{here}/lib/src\n{here}-2/lib\n")
    (site / "__editable___lib_finder.py").write_text(f"MAPPING = {{'lib': '{here}'}}\n")
    (site / "lib.egg-link").write_text(f"{here}/lib\n.")
    (site / "module.py").write_text(f"PLACE = '{here}'\n")
    return made


def test_a_python_environment_leads_to_its_own_tree(here: Path, tmp_path: Path) -> None:
    environment(here)
    there = tmp_path / "there"
    site = "venv/lib/python3.1/site-packages"
    mended = {"venv/bin/tool", f"{site}/lib.pth", f"{site}/__editable___lib_finder.py", f"{site}/lib.egg-link"}
    assert set(bring_copies(here, there, "venv")) == mended
    assert (there / "venv/bin/tool").read_text() == f"#!{there}/venv/bin/python\nprint(1)\n"
    assert (there / site / "lib.pth").read_text() == f"{there}/lib/src\n{here}-2/lib\n"
    assert (there / site / "__editable___lib_finder.py").read_text() == f"MAPPING = {{'lib': '{there}'}}\n"
    assert (there / site / "module.py").read_text() == f"PLACE = '{here}'\n"
    assert (there / "venv/bin/program").read_bytes() == (here / "venv/bin/program").read_bytes()


def test_what_a_carried_link_leads_to_outside_is_left_as_it_is(here: Path, tmp_path: Path) -> None:
    environment(here).rename(tmp_path / "shared")
    (tmp_path / "shared/back").symlink_to(here / "lib")
    (here / "venv").symlink_to(tmp_path / "shared")
    before = (tmp_path / "shared/lib/python3.1/site-packages/lib.pth").read_bytes()
    (here / "own").mkdir()
    (here / "own/pyvenv.cfg").write_text("home = /usr/bin\n")
    (here / "own/lib").symlink_to(tmp_path / "shared/lib")
    assert bring_copies(here, tmp_path / "there", "venv") == bring_copies(here, tmp_path / "there", "own") == ()
    assert (tmp_path / "there/venv").readlink() == tmp_path / "shared"
    assert (tmp_path / "shared/back").readlink() == here / "lib"
    assert (tmp_path / "shared/lib/python3.1/site-packages/lib.pth").read_bytes() == before


def test_what_loads_modules_from_another_tree_is_named(here: Path, tmp_path: Path) -> None:
    made = environment(here)
    site = made / "lib/python3.1/site-packages"
    found = leading_back(here, made)
    assert set(found) == {str(site / name) for name in ("lib.pth", "__editable___lib_finder.py", "lib.egg-link")}
    assert found[str(site / "lib.pth")] == ("lib/src",)
    (site / "__editable___lib_finder.py").write_text(f"MAPPING = {{'lib': '{here}/src/lib', 'top': '{here}/top'}}\n")
    assert leading_back(here, made)[str(site / "__editable___lib_finder.py")] == ("src", ".")
    assert leading_back(tmp_path / "other", made) == {}


def test_what_is_not_there_is_refused(here: Path, tmp_path: Path) -> None:
    with pytest.raises(AutotuneError, match="does not exist"):
        bring_copies(here, tmp_path / "there", "nothing")


def test_the_packages_to_which_a_folder_links_are_listed(here: Path) -> None:
    (here / "modules/@org").mkdir()
    (here / "modules/@org/lib").symlink_to("../../lib")
    (here / "modules/own").symlink_to(here / "lib/src")
    (here / "modules/away").symlink_to("/usr/lib")
    assert linked(here, "modules") == ("lib", "lib/src")
    assert linked(here, "nothing") == ()
