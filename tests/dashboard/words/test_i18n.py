"""Both languages are whole, and every word that a page or a script asks for is there."""

import json
import re
import string
from pathlib import Path

from plotly.utils import PlotlyJSONEncoder

import dashboard
from dashboard.pages import dispatch, ops, wall
from dashboard.words import i18n

ASSETS = Path(dashboard.__file__).with_name("assets")
HAN = re.compile(r"[\u4e00-\u9fff]")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_word_is_there_in_both_languages_with_the_same_blanks() -> None:
    table = i18n.table()
    assert set(table) == set(i18n.LANGUAGES)
    for key, (english, chinese) in i18n.WORDS.items():
        assert english, key
        assert chinese, key
        assert fields(english) == fields(chinese), key


def test_chinese_words_are_chinese() -> None:
    # the button that leads to the other language, units without words, and what people fill in
    own = {"language", "switch_language", "unknown", "by", "col_pid"}
    plain = [key for key, (_, chinese) in i18n.WORDS.items() if not HAN.search(chinese) and key not in own]
    assert plain == []
    assert not [key for key, (english, _) in i18n.WORDS.items() if HAN.search(english) and key not in own]


def test_chinese_punctuation_is_chinese() -> None:
    assert not [
        key
        for key, (_, chinese) in i18n.WORDS.items()
        if HAN.search(chinese) and re.search(r"[,;!?]", chinese)
    ]


def test_every_word_that_a_script_asks_for_is_there() -> None:
    asked: set[str] = set()
    for script in ASSETS.glob("*.js"):
        asked |= set(re.findall(r"""wf\.t\("([a-z0-9_]+)\"""", script.read_text()))
        for start in re.findall(r"wf\.t\(`([a-z0-9_]+_)\$\{", script.read_text()):
            assert [key for key in i18n.WORDS if key.startswith(start)], start
    assert asked - set(i18n.WORDS) == set()
    assert len(asked) > 60


def test_every_word_that_a_layout_names_is_there() -> None:
    for layout in (wall.layout(), ops.layout(), dispatch.layout()):
        text = json.dumps(layout, cls=PlotlyJSONEncoder)
        named = re.findall(r'"data-(?:t|label|title)": "([a-z0-9_]+)"', text)
        assert len(named) > 5
        assert set(named) - set(i18n.WORDS) == set()


def test_scripts_write_text_and_never_markup() -> None:
    for script in ASSETS.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
            script.read_text(),
        ), script.name


def test_no_asset_names_another_host() -> None:
    for asset in ASSETS.iterdir():
        found = set(re.findall(r"(?:https?|wss?)://[^\s\"'`)]+", asset.read_text()))
        assert found <= {"http://www.w3.org/2000/svg"}, asset.name
