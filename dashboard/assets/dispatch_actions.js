// Commands from the desk: each under an id of its own, shown at once, confirmed or failed where one sees it, tried again
// under the same id, and taken back within five seconds.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const UNDO_MS = 5000;
  const UNDOABLE = new Set(["acknowledge", "unacknowledge", "shelve", "unshelve", "out_of_service", "return_to_service", "assign"]);
  const DONE_SHOWN_MS = 5000;
  const AT_ONCE = 12;

  const under_way = new Map(); // item id → {title, id, step}: what has been asked and is not yet seen
  const last_done = []; // what may be taken back, the newest last

  desk.pending = (id) => (under_way.get(id) || {}).title || "";

  // A newer row of the gateway says what became of it.
  desk.settled = function (row) {
    const asked = under_way.get(row.id);
    if (asked && asked.confirmed && row.version !== asked.version) under_way.delete(row.id);
  };

  // Take an action of the flow on a case. Resolves to the answer.
  desk.act = function (item, action, given, more) {
    const version = (more || {}).version !== undefined ? more.version : desk.versionOf(item, action);
    const message = { type: "act", id: wf.live.new_id(), action, case: item.case, version, given: given || {}, undoes: "", screen: "dispatch" };
    return give({ item, message, title: desk.actionTitle(item, action), undoable: UNDOABLE.has(action) });
  };

  // The version that was on the screen when somebody made up their mind; a department's part has one of its own.
  desk.versionOf = function (item, action) {
    const facts = desk.facts(item);
    const found = ((facts || {}).actions || []).find((one) => one.name === action);
    if (found && found.version !== undefined) return found.version;
    return facts && facts.case ? facts.case.version : item.version;
  };

  // Acknowledge, shelve and their opposites, on an alert.
  desk.alertAct = function (item, alert, action, more) {
    const message = { type: "command", id: wf.live.new_id(), action, alert: alert.id, screen: "dispatch", ...more };
    return give({ item, message, title: wf.t(action), undoable: UNDOABLE.has(action) });
  };

  desk.actionTitle = (item, action) => {
    const found = ((desk.facts(item) || {}).actions || []).find((one) => one.name === action);
    return found ? wf.both(found.title, action) : wf.words.has(`act_${action}`) ? wf.t(`act_${action}`) : desk.flowWord(item.feed, "action", action);
  };

  async function give(entry) {
    if (desk.off()) {
      toast({ state: "failed", text: desk.off() });
      return { ok: false, reason: desk.off() };
    }
    const { item, message, title } = entry;
    under_way.set(item.id, { id: message.id, title, version: item.version, confirmed: false });
    desk.queue.again([item.id]); // before anything else: what was pressed shows at once
    desk.detail.draw();
    const answer = await wf.live.command(message);
    const asked = under_way.get(item.id);
    if (asked && asked.id === message.id) {
      if (!answer.ok || message.type === "command") under_way.delete(item.id);
      else {
        asked.confirmed = true;
        // the row follows within a moment; where it does not change, the mark must not stay
        setTimeout(() => under_way.get(item.id) === asked && (under_way.delete(item.id), desk.paint()), 1500);
      }
    }
    if (answer.ok) done(entry, answer);
    else failed(entry, answer);
    if (item.case) desk.ask(item.case);
    desk.paint();
    return answer;
  }

  function done(entry, answer) {
    const { message, item, title } = entry;
    const text = `${title} · ${desk.title(item)}`;
    if (!entry.undoable) return toast({ state: "done", text, for_ms: entry.quiet ? 1 : DONE_SHOWN_MS });
    const note = toast({ state: "done", text, for_ms: UNDO_MS, undo: () => take_back(kept) });
    const kept = { entry, answer, note, until: performance.now() + UNDO_MS };
    last_done.push(kept);
    while (last_done.length > 5) last_done.shift();
  }

  function take_back(kept) {
    kept.note.remove();
    last_done.splice(last_done.indexOf(kept), 1);
    const { message, item } = kept.entry;
    const undo = { ...message, id: wf.live.new_id(), action: "undo", undoes: message.id };
    if (message.type === "act") Object.assign(undo, { given: {}, version: kept.answer.version === undefined ? null : kept.answer.version });
    else ["for_s", "reason"].forEach((name) => delete undo[name]);
    give({ item, message: undo, title: wf.t("undone", { what: kept.entry.title }), undoable: false });
  }

  desk.undo = function () {
    const kept = last_done.filter((one) => one.until > performance.now()).pop();
    if (kept) take_back(kept);
    else toast({ state: "note", text: wf.t("undo_none") });
  };

  // Why it was refused, in the page's language, and what the one who was faster did.
  desk.refusal = function (answer, item) {
    const own = answer.code && wf.words.has(`refused_${answer.code}`) ? wf.t(`refused_${answer.code}`) : answer.reason;
    const winner = answer.winner;
    if (!winner) return own;
    const who = winner.account === wf.me.account ? wf.t("me") : winner.name || desk.accountName(winner.account);
    const what = desk.actionTitle(item, winner.action);
    return wf.t("winner", { who, what, time: wf.time(winner.t_ms), step: desk.flowWord(item.feed, "step", winner.step) });
  };

  function failed(entry, answer) {
    const text = wf.t("not_done", { what: `${entry.title} · ${desk.title(entry.item)}`, reason: desk.refusal(answer, entry.item) });
    const again = answer.lost || /not confirmed/.test(answer.reason || "") ? () => give(entry) : null;
    toast({ state: "failed", text, again, look: answer.winner || answer.code === "stale" ? () => (desk.queue.focus(entry.item.id), desk.open()) : null });
  }

  // A line at the lower edge. Failures stay until somebody has read them.
  function toast({ state, text, for_ms, undo, again, look }) {
    const button = (key, run, sign) =>
      wf.el("button", { type: "button", class: "act small", onclick: () => (node.remove(), run()) }, wf.t(key), sign ? wf.el("kbd", {}, sign) : null);
    const node = wf.el(
      "div",
      { class: "toast", "data-state": state },
      wf.el("span", { class: "toast-text" }, `${state === "failed" ? "✕ " : state === "done" ? "✓ " : ""}${text}`),
      undo ? button("undo", undo, desk.keys.shown("undo")) : null,
      again ? button("retry", again) : null,
      look ? button("look", look) : null,
      state === "failed" ? wf.el("button", { type: "button", class: "act small", "aria-label": wf.t("close"), onclick: () => node.remove() }, "✕") : null,
      undo ? wf.el("span", { class: "toast-time", style: `animation-duration:${UNDO_MS}ms` }) : null
    );
    const box = wf.$("toasts");
    box.append(node);
    while (box.childElementCount > 5) box.firstElementChild.remove();
    if (state !== "failed") setTimeout(() => node.remove(), for_ms || DONE_SHOWN_MS);
    return node;
  }
  desk.toast = toast;

  // --- what the keys mean

  const here = () => desk.item(desk.current);
  const may = (item, ...names) => {
    const actions = ((desk.facts(item) || {}).actions || []).map((one) => one.name);
    return names.find((name) => actions.includes(name)) || "";
  };
  desk.may = may;

  const open = (item) => desk.alertsOf(item).filter((alert) => alert.state === "unack" || alert.state === "rtnun");

  desk.ack = function (item) {
    const alerts = open(item);
    for (const alert of alerts) desk.alertAct(item, alert, "acknowledge");
    return alerts.length;
  };

  desk.verbs = {
    ack: () => here() && (desk.ack(here()) || toast({ state: "note", text: wf.t("nothing_to_ack") })),
    unack() {
      for (const alert of desk.alertsOf(here()).filter((one) => one.acked)) desk.alertAct(here(), alert, "unacknowledge");
    },
    // visible, selected and not critical; there is no "all"
    ack_selected() {
      const items = desk.queue.pickedVisible().map(desk.item).filter((item) => item && item.priority > 1);
      let count = 0;
      for (const item of items) {
        // the gateway takes so many at once, then one a second
        if (count < AT_ONCE) count += desk.ack(item);
        else setTimeout(() => desk.ack(item), (count - AT_ONCE + 1) * 1100), (count += open(item).length);
      }
      if (count) desk.queue.unpick();
      toast({ state: "note", text: wf.t(count ? "acked_some" : "acked_none", { n: count }) });
    },
    shelve: () => here() && desk.dialogs.shelve(here()),
    service: () => here() && desk.dialogs.service(here()),
    assign: () => here() && desk.dialogs.assign(here()),
    accept: () => run("accept"),
    escalate: () => run("hand_up"),
    down: () => run("hand_down"),
    note: () => here() && here().case && desk.dialogs.note(here()),
    merge: () => here() && desk.dialogs.merge(here()),
    close_case: () => run("close", "feed_back", "done"),
    give_back: () => run("return", "send_back", "redo", "not_passed"),
    park: () => run("park", "resume"),
    claim: () => here() && here().case && desk.claims.toggle(here()),
    undo: desk.undo,
  };

  function run(...names) {
    const item = here();
    if (!item) return;
    const action = may(item, ...names);
    if (!action) return toast({ state: "note", text: wf.t("cannot_now", { what: desk.actionTitle(item, names[0]) }) });
    desk.start(item, action);
  }

  // Take an action: at once when nothing is needed for it, else ask for what is needed.
  desk.start = function (item, name) {
    const action = ((desk.facts(item) || {}).actions || []).find((one) => one.name === name);
    if (!action) return;
    if (name === "assign") return desk.dialogs.assign(item);
    if (name === "merge") return desk.dialogs.merge(item);
    if (name === "note") return desk.dialogs.note(item);
    if (!action.needs.length) return desk.act(item, name, {});
    desk.dialogs.needs(item, action);
  };

  // Work on it: the detail has the keys' focus, and others see who has it.
  desk.open = function () {
    const item = here();
    if (!item) return;
    wf.$("detail").focus();
    if (item.case && !item.claim) desk.claims.take(item, true);
  };
})();
