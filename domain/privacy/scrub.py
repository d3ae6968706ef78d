"""Numbers by which a person can be reached or known, taken out of a text: for everybody but the desk.

Phones, identity cards, passports, bank cards and accounts, number plates, e-mail addresses and chat accounts, in Chinese
and international forms, with full-width figures, separators and figures written as words. Names are not recognised: who
may not see a person's name sees no text at all. Rather too much is taken out than too little: long grid codes go, too.
"""

import re

OUT = "***"
"""Stands where a number stood."""

LEAST_FIGURES = 7
"""The shortest telephone numbers that reach a person; a postal code has six."""

_BETWEEN = r"[\s\-./()_\uff08\uff09\u00b7\u2022\u2010-\u2015\uff0d\uff0e\uff0f\u200b\u3000]"
_DATE = r"(?:19|20)\d\d(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日?)(?:[T ]\d{1,2}:\d\d(?::\d\d)?)?"
_WORDS = "〇零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"

_FORMS = (
    # e-mail
    re.compile(r"[\w.+\-]+[@＠][\w\-]+(?:[.．][\w\-]+)+"),
    # accounts of chats, where the text says that it is one
    re.compile(
        r"(?:微信|wechat|weixin|vx|wx|qq|钉钉)(?:号|号码|id)?\s*[:：]?\s*[A-Za-z0-9_\-]{5,32}", re.IGNORECASE
    ),
    # an international bank account number
    re.compile(
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])",
        re.IGNORECASE,
    ),
    # a Chinese number plate
    re.compile(
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领]\s?[A-Z]\s?[·•.\-\s]?\s?"
        r"[A-Z0-9]{4,5}[A-Z0-9挂学警港澳]",
        re.IGNORECASE,
    ),
    # identity cards of Hong Kong and Macao, passports
    re.compile(r"(?<![A-Za-z])[A-Z]{1,2}\d{6,9}(?:\s?[(（][\dA][)）])?", re.IGNORECASE),
    # number plates: German, British, American
    re.compile(r"(?<![A-Za-z0-9])[A-ZÄÖÜ]{1,3}[\- ][A-Z]{1,2}[\- ]?\d{1,4}[EH]?(?![A-Za-z0-9])"),
    re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2} ?[A-Z]{3}(?![A-Za-z0-9])"),
    re.compile(r"(?<![A-Za-z0-9])\d?[A-Z]{3}[\- ]?\d{3,4}(?![A-Za-z0-9])"),
)
_FIGURES = re.compile(rf"[+＋]?\d(?:{_BETWEEN}{{0,3}}\d){{{LEAST_FIGURES - 1},}}[Xx]?")
_SPELT = re.compile(rf"[{_WORDS}](?:{_BETWEEN}?[{_WORDS}]){{{LEAST_FIGURES - 1},}}")
_A_DATE = re.compile(_DATE)


def scrub(text: str) -> str:
    """Return a text without what a person could be reached or known by; scrubbed again it stays as it is."""
    kept: list[str] = []
    at = 0
    for date in _A_DATE.finditer(text):
        if _stands_alone(text, date):
            kept += [_scrubbed(text[at : date.start()]), date[0]]
            at = date.end()
    kept.append(_scrubbed(text[at:]))
    return "".join(kept)


def _stands_alone(text: str, date: re.Match[str]) -> bool:
    """Tell whether figures are a date, and no part of a longer number."""
    before, after = text[max(0, date.start() - 2) : date.start()], text[date.end() : date.end() + 2]
    return not re.search(r"[\d\-]", before) and not re.search(r"[\d\-]", after)


def _scrubbed(text: str) -> str:
    for form in _FORMS:
        text = form.sub(OUT, text)
    return _SPELT.sub(OUT, _FIGURES.sub(OUT, text))
