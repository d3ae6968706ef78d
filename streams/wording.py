"""What a message says, in both languages: made of its facts when it is sent, so that no topic and no state has words.

Plain and short, and no person in it: the case's number, what happened, and until when something is to be done. What
somebody wrote, and where the reporter is reached, is not here.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.messages import Kind, Message

TEMPLATES: Mapping[Kind, tuple[str, str]] = {
    "step": ("Case {case} has come to its next step.", "事件 {case} 已进入下一环节。"),
    "mark": ("Case {case} is past its time.", "事件 {case} 已超过时限。"),
    "assigned": ("Case {case} is assigned to you.", "事件 {case} 已派给您办理。"),
    "receipt": ("Please confirm that you have received case {case}.", "请签收事件 {case}。"),
    "supervised": ("Case {case} is supervised.", "事件 {case} 已列入督办。"),
    "urged": ("Please settle case {case} soon.", "请尽快办理事件 {case}。"),
    "asked": ("The desk has a question about case {case}.", "受理人员对事件 {case} 有问题需要您补充。"),
    "extension": ("There is news of an extension of case {case}.", "事件 {case} 的延期有新的情况。"),
    "returned": (
        "A department has returned its part of case {case}.",
        "有部门退回了事件 {case} 的协办任务。",
    ),
    "closed": ("Case {case} is closed.", "事件 {case} 已结案。"),
    "feedback": (
        "Case {case} is closed. Is it settled? If not, please say so.",
        "事件 {case} 已结案。问题是否已解决？如未解决，请告知。",
    ),
}
"""By a message's kind; `left` is for the vault and is sent to nobody."""

CLOSER: Mapping[tuple[Kind, str], tuple[str, str]] = {
    ("mark", "acknowledged"): (
        "Somebody has taken up case {case}, which is past its time.",
        "已有人处理超时的事件 {case}。",
    ),
    ("mark", "shelved"): (
        "The alert about case {case} is put aside for a while.",
        "事件 {case} 的报警已暂时搁置。",
    ),
    ("receipt", "desk"): ("Nobody has confirmed that they received case {case}.", "事件 {case} 无人签收。"),
    ("supervised", "agree"): (
        "The supervisor agrees that case {case} may be closed.",
        "督办方同意事件 {case} 结案。",
    ),
    ("urged", "answer_urge"): ("The urging about case {case} is answered.", "事件 {case} 的催办已有答复。"),
    ("extension", "ask_extension"): ("An extension of case {case} is asked for.", "事件 {case} 申请延期。"),
    ("extension", "grant_extension"): (
        "The extension of case {case} is granted.",
        "事件 {case} 的延期已批准。",
    ),
    ("extension", "refuse_extension"): (
        "The extension of case {case} is refused.",
        "事件 {case} 的延期申请被驳回。",
    ),
}
"""Where what somebody did, or who is told, says more than the kind; flows have further actions, which the kind stands for."""

STEP = ("Case {case} has come to the step “{step}”.", "事件 {case} 已进入“{step}”环节。")
"""Where the step has a title."""

DUE = (" Due: {due}.", "时限：{due}。")


def said(message: Message) -> dict[str, str]:
    """Return what a message says, `en` and `zh`.

    Raises
    ------
    KeyError
        If it is of a kind that nobody is told.

    """
    plain = TEMPLATES[message.kind]
    texts = CLOSER.get((message.kind, message.action)) or CLOSER.get((message.kind, message.to)) or plain
    if message.kind == "step" and message.step_title:
        texts = STEP
    due = ""
    if message.due_ms is not None:
        texts = (texts[0] + DUE[0], texts[1] + DUE[1])
        due = _local(message.due_ms, message.zone)
    return {
        language: text.format(case=message.case, due=due, step=message.step_title.get(language, message.step))
        for language, text in zip(("en", "zh"), texts, strict=True)
    }


def _local(at_ms: int, zone: str) -> str:
    """Return an instant as the clocks at the feed's place show it; where that zone is not known, in UTC, which is said."""
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return f"{_local(at_ms, 'UTC')} UTC"
    return datetime.fromtimestamp(at_ms // 1000, tz=local).strftime("%Y-%m-%d %H:%M")
