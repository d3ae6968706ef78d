// The detail drawer: what an alert is, why, and what to do. It never takes the screen over: the wall goes on beside it.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});

  let id = null; // the alert that is shown
  let kept = null; // its last version: it stays readable when it ends meanwhile
  let facts = null; // its case; undefined: there is none
  let drawn = "";
  let opener = null;

  const drawer = (wf.drawer = {});

  drawer.shows = (other) => id !== null && id === other;
  drawer.alert = () => kept;

  drawer.start = function () {
    document.addEventListener("keydown", (event) => {
      if (id === null || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape") return drawer.close();
      if (event.target.closest("input, textarea, select")) return;
      if (event.key === "a") wf.commands.acknowledge(kept);
      else if (event.key === "s") {
        const reason = wf.$("shelve-reason");
        if (reason) reason.focus();
        event.preventDefault();
      }
    });
  };

  drawer.open = function (next) {
    if (id === next) return drawer.close();
    opener = document.activeElement;
    id = next;
    facts = null;
    drawn = "";
    kept = wf.view.alerts.get(next) || null;
    if (kept && kept.case) wf.live.send({ type: "case", id: kept.case });
    drawer.draw();
    wf.alerts.draw();
    const close = wf.$("drawer-close");
    if (close) close.focus();
  };

  drawer.close = function () {
    if (id === null) return;
    id = kept = facts = null;
    wf.show(wf.$("drawer"), false);
    wf.alerts.draw();
    if (opener && opener.isConnected) opener.focus();
  };

  drawer.facts = function (asked, found) {
    if (!kept || kept.case !== asked) return;
    facts = found || undefined;
    drawn = "";
    drawer.draw();
  };

  drawer.pending = (other) => wf.commands.pending(other);

  drawer.draw = function () {
    if (id === null) return;
    const now = wf.view.alerts.get(id);
    if (now && kept && now.case && now.changed_ms !== kept.changed_ms) wf.live.send({ type: "case", id: now.case });
    kept = now || kept;
    const node = wf.$("drawer");
    wf.show(node, Boolean(kept));
    if (!kept) return;
    const key = JSON.stringify([kept, Boolean(now), facts, facts === undefined, wf.lang, wf.placeName(kept.scope), wf.ownerName(kept.acked_by), wf.rulebook.rules, wf.commands.key(id), wf.commands.off()]);
    if (key === drawn) return;
    drawn = key;
    const typed = remember();
    const body = wf.el("div", { class: "drawer-body" }, state(Boolean(now)), why(), kept.case ? theCase() : null);
    const top = node.querySelector(".drawer-body") ? node.querySelector(".drawer-body").scrollTop : 0;
    node.replaceChildren(head(), body, wf.commands.panel(kept, Boolean(now)));
    body.scrollTop = top;
    restore(typed);
    wf.flag(node, "priority", kept.priority);
    drawer.tick();
  };

  // A person may be writing a reason while the alert changes: keep the text and the place in it.
  function remember() {
    const field = wf.$("shelve-reason");
    const focus = document.activeElement && wf.$("drawer").contains(document.activeElement) ? document.activeElement.id : "";
    const span = document.querySelector("input[name=shelve-for]:checked");
    return { text: field ? field.value : "", focus, at: field ? field.selectionStart : 0, span: span ? span.value : "" };
  }

  function restore(typed) {
    const field = wf.$("shelve-reason");
    if (field) field.value = typed.text;
    const span = document.querySelector(`input[name=shelve-for][value="${CSS.escape(typed.span)}"]`);
    if (span && !span.disabled) span.checked = true;
    const focus = typed.focus && wf.$(typed.focus);
    if (focus) focus.focus();
    if (focus && focus === field) field.setSelectionRange(typed.at, typed.at);
  }

  function head() {
    const mark = wf.el("span", { class: "mark-box" }, wf.el("span", { class: "symbol" }, wf.symbol(kept.priority)), wf.el("span", { class: "letter" }, String(kept.priority)));
    const close = wf.el("button", { id: "drawer-close", class: "button", type: "button", "aria-label": wf.t("close"), onclick: drawer.close }, "✕");
    const title = wf.el("div", { class: "drawer-title" }, wf.el("h2", { id: "drawer-title" }, wf.where(kept)), wf.el("p", {}, wf.what(kept)));
    return wf.el("header", {}, mark, title, close);
  }

  const row = (name, value, more) => (value === null || value === undefined || value === "" ? null : wf.el("div", more || {}, wf.el("dt", {}, name), wf.el("dd", {}, value)));

  function state(there) {
    const zone = wf.live.beat && wf.live.beat.mode === "feed" ? wf.zone : undefined;
    const time = (ms) => (ms ? wf.moment(ms, zone) : null);
    const range = kept.expected === null || kept.expected === undefined ? null : `${wf.number(kept.expected, 1)} (${wf.number(kept.low, 1)} – ${wf.number(kept.high, 1)})`;
    return wf.el(
      "dl",
      { class: "facts" },
      row(wf.t("state"), there ? wf.t(`state_${kept.state}`) : wf.t("alert_gone")),
      row(wf.t("owner"), kept.acked ? `${wf.ownerName(kept.acked_by)} · ${wf.time(kept.acked_ms, zone)}` : wf.t("no_owner")),
      row(wf.t("age"), " ", { id: "drawer-age" }),
      row(wf.t("since"), time(kept.since_ms || kept.raised_ms)),
      row(wf.t("due"), kept.due_ms ? time(kept.due_ms) : null),
      row(wf.t("clock_label"), kept.clock ? " " : null, { id: "drawer-left" }),
      row(wf.t("seen"), kept.seen === null || kept.seen === undefined ? null : `${wf.number(kept.seen)} ${wf.t("seen_unit")}`, { class: "big" }),
      row(wf.t("expected"), range, { class: "big" }),
      row(wf.t("shelved_until"), kept.shelved_until_ms ? `${time(kept.shelved_until_ms)} · ${wf.ownerName(kept.shelved_by)}` : null),
      row(wf.t("shelved_why"), kept.shelved_until_ms ? unsealed(kept.shelved_why) : null),
      row(wf.t("suppressed_by"), kept.suppressed_by ? wf.t(wf.words.has(`kind_${kept.suppressed_by}`) ? `kind_${kept.suppressed_by}` : kept.suppressed_by) : null),
      row(wf.t("out_until"), kept.out_since_ms ? `${kept.out_until_ms ? time(kept.out_until_ms) : wf.t("until_returned")} · ${wf.ownerName(kept.out_by)}` : null),
      row(wf.t("out_why"), kept.out_since_ms ? [kept.out_why, kept.out_reference].filter(Boolean).map(unsealed).join(" · ") : null)
    );
  }

  // what somebody wrote is sealed: a wall says that there is a reason, a desk opens it
  const unsealed = (text) => (text.startsWith("sealed:") ? wf.t("sealed_text") : text);

  function why() {
    const rule = wf.rulebook.alerts[kept.kind];
    if (!rule) return null;
    const part = (key) => wf.el("div", { class: key }, wf.el("dt", {}, wf.t(key)), wf.el("dd", {}, wf.both(rule[key])));
    return wf.el("dl", { class: "why" }, part("action"), part("cause"), part("consequence"));
  }

  function theCase() {
    if (facts === null) return wf.el("p", { class: "quiet" }, wf.t("case_loading"));
    if (facts === undefined) return wf.el("p", { class: "quiet" }, wf.t("case_unknown"));
    const zone = wf.live.beat && wf.live.beat.mode === "feed" ? wf.zone : undefined;
    const time = (ms) => (ms ? wf.moment(ms, zone) : null);
    return wf.el(
      "dl",
      { class: "facts case" },
      row(wf.t("case_id"), facts.source_id),
      row(wf.t("category"), wf.categoryName(facts.category)),
      row(wf.t("step"), wf.t(wf.words.has(`step_${facts.step}`) ? `step_${facts.step}` : facts.step)),
      row(wf.t("opened"), time(facts.opened_ms)),
      row(wf.t("accept_due"), time(facts.accept_due_ms)),
      row(wf.t("resolve_due"), time(facts.due_ms)),
      row(wf.t("closed"), time(facts.closed_ms)),
      row(wf.t("feed"), wf.feedName(facts.feed)),
      row(wf.t("channel"), wf.channelName(facts.channel)),
      row(wf.t("area"), facts.area),
      row(wf.t("repeats"), facts.repeats ? wf.number(facts.repeats) : null),
      row(wf.t("revisions"), facts.revisions ? wf.number(facts.revisions) : null),
      row(wf.t("flags"), (facts.flags || []).join(", "))
    );
  }

  drawer.tick = function () {
    if (!kept) return;
    const now = wf.fresh.now_ms();
    const age = document.querySelector("#drawer-age dd");
    if (age && now !== null) wf.text(age, wf.span(now - kept.raised_ms));
    const left = document.querySelector("#drawer-left dd");
    if (left && now !== null) wf.text(left, `${wf.t(wf.clockWord(kept.clock))} · ${wf.clockLeft({ ...kept, state: "" }, now).text}`);
    drawer.draw();
  };
})();
