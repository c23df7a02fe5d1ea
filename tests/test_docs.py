"""Every relative link in a page of ours leads somewhere, its heading included."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def links(text: str) -> Iterator[str]:
    for match in _LINK.finditer(_CODE.sub("", _FENCE.sub("", text))):
        yield match[1] or match[2]


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to headings: lower case, punctuation dropped, spaces to dashes, repeats numbered."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(next(name for name in (slug, *(f"{slug}-{n}" for n in range(1, 1000))) if name not in found))
    return found


def broken(page: Path) -> list[str]:
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8"))):
            found.append(link)
    return found


def test_every_relative_link_resolves():
    assert {page.relative_to(ROOT).as_posix(): wrong for page in pages() if (wrong := broken(page))} == {}


@pytest.mark.parametrize("link", ["missing.md", "other.md#nowhere", "#nowhere", "../missing/"])
def test_a_broken_link_is_found(tmp_path, link):
    (tmp_path / "other.md").write_text("# Here\n")
    (tmp_path / "page.md").write_text(f"# Title\n\nSee [this]({link}).\n")

    assert broken(tmp_path / "page.md") == [link]


def test_good_links_code_and_outside_links_are_left_alone(tmp_path):
    (tmp_path / "other.md").write_text("# 第一步：安装 Set up\n")
    (tmp_path / "page.md").write_text(
        "# Title\n\n[a](other.md#第一步安装-set-up) [b](#title) [c](mailto:x) `[d](gone.md)`\n\n```\n[e](gone.md)\n```\n\n[f]: other.md\n"
    )

    assert broken(tmp_path / "page.md") == []
