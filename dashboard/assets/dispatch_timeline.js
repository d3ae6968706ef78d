// The timeline of a case: every report, act, mark, message and refusal, newest first, each with its place in the journal;
// and what a person wrote, which is opened on demand alone, for a stated purpose.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const HIDDEN_AGAIN_MS = 120000; // opened texts do not stay on a screen that somebody has left
  const PURPOSES = ["handling", "call_back", "feedback", "complaint", "audit"];

  const SIGN = { opened: "●", report: "＋", repeat: "×", act: "▸", refused: "✕", mark: "◷", clock: "◷", message: "✉", delivered: "✓", claim: "✎", merge: "⇉", split: "⑂" };

  desk.timeline = {
    // account names come later than the story: the detail is drawn again then
    names: (facts) => (((facts || {}).case || {}).story || []).map((one) => (one.account ? desk.accountName(one.account) : "")).join(),
    list,
  };

  function list(item, facts) {
    const found = facts && facts.case;
    if (!found) return null;
    const told = found.story || [];
    const story = told.map((one, index) => [one, told[index - 1]]).reverse();
    return wf.el(
      "section",
      { class: "block" },
      wf.el("h3", {}, wf.t("timeline")),
      story.length ? wf.el("ol", { class: "timeline" }, ...story.map(([one, before]) => entry(item, found, one, before))) : wf.el("p", { class: "quiet" }, wf.t("timeline_none")),
      found.story_cut ? wf.el("p", { class: "quiet" }, wf.t("timeline_cut", { n: wf.number(found.story_cut) })) : null
    );
  }

  function entry(item, found, one, before) {
    const refused = String(one.kind).startsWith("refused");
    const who = one.account ? desk.accountName(one.account) : "";
    const act = one.action ? desk.actionTitle(item, one.action) : "";
    const kind = `story_${refused ? "refused" : one.kind}`;
    const title = wf.words.has(kind) ? wf.t(kind) : one.kind;
    const texts = desk.opened.texts(found.id, one.n);
    const given = Object.entries(one.given || {}).filter(([name]) => !["proposed"].includes(name));
    const what = one.what || {};
    const told = one.kind === "delivered" && what.to;
    const facts = told || what.percent !== undefined ? [] : Object.entries(what);
    return wf.el(
      "li",
      { "data-kind": refused ? "refused" : one.kind },
      wf.el("span", { class: "t-sign", "aria-hidden": "true" }, SIGN[refused ? "refused" : one.kind] || "·"),
      wf.el(
        "div",
        { class: "t-body" },
        wf.el("p", { class: "t-head" }, wf.el("time", {}, wf.moment(one.t_ms)), " ", wf.el("strong", {}, told ? told_to(what) : one.kind === "mark" && what.percent !== undefined ? wf.t("story_percent", { clock: wf.t(`clock_${what.clock}`), n: what.percent }) : act && ["act", "claim", "merge", "split"].includes(one.kind) ? act : act ? `${title}: ${act}` : title), who ? ` · ${who}` : "", one.step ? wf.el("span", { class: "quiet t-stand" }, ` · ${stood(found, one, before)}`) : null),
        given.length ? wf.el("p", { class: "t-given" }, ...given.map(([name, value]) => piece(item, name, texts && texts[name] !== undefined ? texts[name] : value))) : null,
        facts.length ? wf.el("p", { class: "t-given quiet" }, facts.map(([name, value]) => `${wf.words.has(`fact_${name}`) ? wf.t(`fact_${name}`) : name} ${named(item, name, value)}`).join(" · ")) : null,
        wf.el("p", { class: "t-at quiet" }, place(one.n))
      )
    );
  }

  // Where the case stood then; what is not as the entry before left it is told with what it was.
  function stood(found, one, before) {
    const was = before || one;
    const change = (name, word) => (was[name] && was[name] !== one[name] ? `${word(was[name])} → ${word(one[name])}` : "");
    const step = (name) => desk.flowWord(found.feed, "step", name);
    const level = change("level", (name) => wf.t(`level_${name}`));
    const place = change("desk", (code) => desk.plans.title(code));
    return [change("step", step) || step(one.step), level, place].filter(Boolean).join(" · ");
  }

  // A small fact as a person says it.
  function named(item, name, value) {
    if (name === "undone") return desk.actionTitle(item, value);
    if (name === "by") return desk.accountName(value);
    if (name === "alert") return wf.t(`kind_${value}`);
    if (name === "clock") return wf.words.has(`clock_${value}`) ? wf.t(`clock_${value}`) : value;
    if (name === "to" || name === "was") return desk.assigneeName(value);
    if (name === "grid" || name === "area") return wf.placeName(value);
    if (name === "category") return wf.categoryName(value);
    if (name === "channel") return wf.channelName(value);
    return value;
  }

  // Whom a message told of what, and whether it went out.
  function told_to(what) {
    const word = (start, name) => (wf.words.has(`${start}_${name}`) ? wf.t(`${start}_${name}`) : name);
    const text = wf.t("story_told", { to: word("told_to", what.to), of: word("told_of", what.kind), state: word("told_is", what.state) });
    return what.count > 1 ? `${text} ×${what.count}` : text;
  }

  // Sealed texts are a lock here: they open in their own panel, for a purpose.
  function piece(item, name, value) {
    const label = wf.words.has(`need_${name}`) ? wf.t(`need_${name}`) : name;
    const sealed = [].concat(value).some((one) => typeof one === "string" && one.startsWith("sealed:"));
    const text = sealed ? wf.t("sealed") : name === "assignee" ? desk.assigneeName(value) : name === "code" ? desk.flowWord(item.feed, "outcome", value) : name === "category" ? wf.categoryName(value) : [].concat(value).join(", ");
    return wf.el("span", { class: sealed ? "sealed" : "" }, `${label}: ${text} `);
  }

  // "13:10a" is partition and offset; the offset is written as in every id
  function place(n) {
    const [partition, offset] = String(n || "").split(":");
    if (offset === undefined) return "";
    const at = parseInt(offset, 16);
    return `journal / ${partition} / ${Number.isNaN(at) ? offset : at}`;
  }

  // --- what persons wrote and who they are: never loaded by itself

  const opened = (desk.opened = { version: 0 });
  let now_open = null; // {case, answer}
  let hiding = null;

  opened.texts = (id, n) => (now_open && now_open.case === id && now_open.answer && (now_open.answer.texts || {})[n]) || null;

  function set(next) {
    clearTimeout(hiding);
    now_open = next;
    opened.version += 1;
    if (next) hiding = setTimeout(() => set(null), HIDDEN_AGAIN_MS);
    desk.detail.draw();
  }

  opened.panel = function (item, facts) {
    const found = facts && facts.case;
    if (!found || item.kind !== "case" || wf.me.state !== "account") return null;
    if (now_open && now_open.case !== item.id) {
      clearTimeout(hiding);
      now_open = null; // another case: nothing of the last one stays
    }
    const shown = now_open;
    return wf.el(
      "section",
      { class: "block" },
      wf.el("h3", {}, wf.t("private")),
      shown ? answer(shown) : wf.el("p", { class: "quiet" }, wf.t("private_note"), " ", wf.el("button", { type: "button", id: "private-open", class: "act small", disabled: wf.live.state !== "open", onclick: () => ask(item) }, wf.t("private_show")))
    );
  };

  function answer(shown) {
    if (shown.failed) return wf.el("p", { class: "against" }, wf.t("failed", { reason: shown.failed }), " ", wf.el("button", { type: "button", class: "act small", onclick: () => set(null) }, wf.t("close")));
    if (!shown.answer) return wf.el("p", { class: "quiet" }, wf.t("loading"));
    const reports = shown.answer.reports || [];
    const lines = reports.map((one) => wf.el("dl", { class: "known private" }, ...Object.entries(one).map(([name, value]) => wf.el("div", {}, wf.el("dt", {}, wf.words.has(`private_${name}`) ? wf.t(`private_${name}`) : name), wf.el("dd", {}, typeof value === "object" && value !== null ? JSON.stringify(value) : String(value))))));
    return wf.el("div", {}, ...(lines.length ? lines : [wf.el("p", { class: "quiet" }, wf.t("private_none"))]), wf.el("p", { class: "quiet" }, wf.t("private_logged"), " ", wf.el("button", { type: "button", class: "act small", onclick: () => set(null) }, wf.t("private_hide"))));
  }

  async function ask(item) {
    const given = await desk.dialogs.fields({ title: wf.t("private_show"), item, note: wf.t("private_logged"), fields: [{ name: "purpose", kind: "choice", needed: true, label: wf.t("private_purpose"), options: PURPOSES.map((name) => [name, wf.t(`purpose_${name}`)]) }] });
    if (!given) return;
    set({ case: item.id, answer: null });
    try {
      const found = await wf.post("/private", { case: item.id, purpose: given.purpose });
      if (!now_open || now_open.case !== item.id) return;
      set({ case: item.id, answer: found, failed: found.error || "" });
    } catch (problem) {
      set({ case: item.id, answer: null, failed: wf.t("no_answer") });
    }
  }
})();
