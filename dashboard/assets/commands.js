// Acknowledge and shelve: a command under an id of its own, shown as pending at once, then as done or as not done and why.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const SPANS = [
    [900, "for_15m"],
    [3600, "for_1h"],
    [14400, "for_4h"],
  ];
  const CRITICAL_AT_MOST_S = 900;
  const DONE_SHOWN_MS = 4000;

  const sent = new Map(); // alert id → {message, state: sending|done|failed, reason}

  const commands = (wf.commands = {});

  commands.pending = (alert) => (sent.get(alert) || {}).state === "sending";
  commands.key = (alert) => {
    const last = sent.get(alert);
    return last ? `${last.state}${last.reason || ""}${last.message.id}` : "";
  };

  // Why no command can be given now; empty when one can.
  commands.off = function () {
    if (wf.url.replay) return wf.t("off_replay");
    if (wf.me.state === "wall") return wf.t("off_wall");
    if (wf.fresh.stale() || wf.live.state !== "open") return wf.t("off_stale");
    return "";
  };

  commands.acknowledge = function (alert) {
    if (!alert || alert.acked || commands.pending(alert.id)) return;
    give(alert, { action: "acknowledge" });
  };

  function give(alert, fields) {
    if (commands.off()) return;
    send(alert.id, { id: wf.live.new_id(), alert: alert.id, screen: "wall", ...fields });
  }

  async function send(alert, message) {
    const entry = { message, state: "sending", reason: "" };
    sent.set(alert, entry);
    redraw();
    const answer = await wf.live.command(message);
    entry.state = answer.ok ? "done" : "failed";
    entry.reason = answer.reason || "";
    redraw();
    if (answer.ok) {
      setTimeout(() => {
        if (sent.get(alert) === entry) sent.delete(alert);
        redraw();
      }, DONE_SHOWN_MS);
    }
  }

  function redraw() {
    wf.alerts.draw();
    wf.drawer.draw();
  }

  commands.panel = function (alert, there) {
    const off = commands.off();
    const last = sent.get(alert.id);
    const busy = Boolean(last && last.state === "sending");
    const lock = busy || Boolean(off) || !there;
    const act = (key, id, run, on) => wf.el("button", { id, class: on ? "act main" : "act", type: "button", disabled: lock, onclick: run }, wf.t(key));
    const first = alert.acked
      ? act("unacknowledge", "unacknowledge", () => give(alert, { action: "unacknowledge" }), false)
      : act("acknowledge", "acknowledge", () => commands.acknowledge(alert), true);
    if (!alert.acked) first.append(wf.el("kbd", {}, "a"));
    const second = alert.shelved_until_ms ? act("unshelve", "unshelve", () => give(alert, { action: "unshelve" }), false) : null;
    const third = alert.out_since_ms && wf.servicer() ? act("return_to_service", "return_to_service", () => give(alert, { action: "return_to_service" }), false) : null;
    return wf.el(
      "div",
      { class: "commands" },
      wf.el("div", { class: "act-row" }, first, second, third),
      alert.shelved_until_ms ? null : shelf(alert, lock),
      wf.el("p", { class: "outcome", role: "status", "data-state": last ? last.state : off ? "off" : "" }, last ? outcome(last) : off, ...(last && last.state === "failed" ? [retry(alert, last)] : []))
    );
  };

  function outcome(last) {
    if (last.state === "sending") return wf.t("sending");
    return last.state === "done" ? wf.t("done") : wf.t("failed", { reason: last.reason });
  }

  // The same id again: the floor does it once, however often it is asked.
  function retry(alert, last) {
    return wf.el("button", { class: "act small", type: "button", disabled: Boolean(commands.off()), onclick: () => send(alert.id, last.message) }, wf.t("retry"));
  }

  function shelf(alert, lock) {
    const spans = SPANS.map(([seconds, key], index) => {
      const far = alert.priority === 1 && seconds > CRITICAL_AT_MOST_S;
      const input = wf.el("input", { type: "radio", name: "shelve-for", id: `for-${seconds}`, value: seconds, disabled: lock || far, checked: index === 0 });
      return wf.el("label", { class: "span", title: far ? wf.t("critical_15m") : null }, input, wf.el("span", {}, wf.t(key)));
    });
    const reason = wf.el("input", { id: "shelve-reason", type: "text", maxlength: 200, autocomplete: "off", placeholder: wf.t("reason"), "aria-label": wf.t("reason"), disabled: lock });
    const say = wf.el("span", { class: "hint", role: "alert" });
    const submit = (event) => {
      event.preventDefault();
      const why = reason.value.trim();
      if (!why) {
        wf.text(say, wf.t("reason_needed"));
        reason.focus();
        return;
      }
      const chosen = form.querySelector("input[name=shelve-for]:checked");
      give(alert, { action: "shelve", for_s: Number(chosen ? chosen.value : CRITICAL_AT_MOST_S), reason: why });
    };
    const form = wf.el("form", { class: "shelf", onsubmit: submit }, wf.el("div", { class: "spans", role: "radiogroup", "aria-label": wf.t("shelve") }, ...spans), wf.el("div", { class: "act-row" }, reason, wf.el("button", { id: "shelve", class: "act", type: "submit", disabled: lock }, wf.t("shelve"))), alert.priority === 1 ? wf.el("span", { class: "hint" }, wf.t("critical_15m")) : null, say);
    return form;
  }
})();
