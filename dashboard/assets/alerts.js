// The alert stack: ten rows at the most, what nobody has answered first, and only the symbol blinks.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const ROWS = 10;
  const RANK = { unack: 0, rtnun: 1, acked: 2, shelved: 3, suppressed: 4, out_of_service: 5, normal: 6 };
  const ASIDE = { shelved: "‖", suppressed: "sup", out_of_service: "oos" }; // letters that every font has
  const SYMBOL = { 1: "■", 2: "▲", 3: "●", 4: "◇" };

  const nodes = new Map(); // alert id → row element
  const spoken = new Set();
  let first = true;

  wf.symbol = (priority) => SYMBOL[priority] || "◇";
  // The sign of a state in which nobody is called, or an empty text.
  wf.asideSign = (state) => ASIDE[state] || "";

  // What an alert's clock is called: one of a joint handling's tasks has its department's name behind it.
  wf.clockWord = (clock) => `clock_${clock.split(":")[0]}`;

  // What an alert is about, in words.
  wf.what = function (alert) {
    const both = `what_${alert.kind}_${(alert.clock || "").split(":")[0]}`;
    const kind = `kind_${alert.kind}`;
    const word = wf.words.has(both) ? wf.t(both) : wf.words.has(kind) ? wf.t(kind) : alert.kind;
    return alert.category ? `${word} – ${wf.categoryName(alert.category)}` : word;
  };

  wf.where = (alert) => (alert.kind === "feed_silent" ? wf.feedName(alert.feed) : wf.placeName(alert.scope || alert.grid));

  function order(a, b) {
    return RANK[a.state] - RANK[b.state] || a.priority - b.priority || (a.due_ms || Infinity) - (b.due_ms || Infinity) || a.raised_ms - b.raised_ms || (a.id < b.id ? -1 : 1);
  }

  const stack = (wf.alerts = {});

  stack.start = function () {
    const node = wf.$("stack");
    node.addEventListener("click", (event) => {
      const row = event.target.closest(".alert");
      if (row) wf.drawer.open(row.dataset.id);
    });
    document.addEventListener("keydown", (event) => {
      if (event.target.closest("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const rows = Array.from(node.children);
        const here = rows.indexOf(document.activeElement);
        const next = rows[event.key === "ArrowDown" ? Math.min(rows.length - 1, here + 1) : Math.max(0, here - 1)];
        if (next && next.focus) next.focus();
        event.preventDefault();
      }
    });
  };

  stack.draw = function () {
    const node = wf.$("stack");
    const all = Array.from(wf.view.alerts.values()).filter((alert) => alert.state !== "normal").sort(order);
    const shown = all.slice(0, ROWS);
    const quiet = wf.view.ready && all.length === 0;
    counts();
    const keep = new Set(shown.map((alert) => alert.id));
    for (const [id, row] of nodes) {
      if (!keep.has(id)) {
        row.remove();
        nodes.delete(id);
      }
    }
    for (const other of Array.from(node.children)) if (!other.dataset.id) other.remove();
    shown.forEach((alert, index) => {
      let row = nodes.get(alert.id);
      if (!row) {
        row = blank(alert.id);
        nodes.set(alert.id, row);
      }
      fill(row, alert);
      if (node.children[index] !== row) node.insertBefore(row, node.children[index] || null);
    });
    if (quiet) node.append(wf.el("div", { class: "quiet" }, wf.t("no_alerts")));
    else if (!wf.view.ready) node.append(wf.el("div", { class: "quiet" }, wf.t("loading")));
    const total = Math.max(wf.view.rest.alerts_total || 0, all.length);
    wf.text(wf.$("more"), wf.view.ready && total > shown.length ? wf.t("more", { n: wf.number(total - shown.length) }) : "");
    stack.tick();
    speak(all);
  };

  function counts() {
    const node = wf.$("alert-counts");
    const number = [0, ...((wf.view.ready && wf.view.rest.urgent) || [])];
    const key = number.join();
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    node.replaceChildren(...[1, 2, 3, 4].filter((p) => number[p]).map((p) => wf.el("span", { "data-priority": p }, `${wf.symbol(p)} ${wf.number(number[p])}`)));
  }

  function blank(id) {
    const part = (name) => wf.el("span", { class: name });
    // the mark is a picture; who hears the row hears the priority's name and the state's, and what stands on it
    const mark = wf.el("span", { class: "mark-box", "aria-hidden": "true" }, part("symbol"), part("letter"));
    const first = wf.el("span", { class: "line" }, part("unseen rank"), part("place"), part("owner"), part("age"));
    const second = wf.el("span", { class: "line" }, part("what"), part("left"), part("unseen standing"));
    const row = wf.el("button", { class: "alert", type: "button", "data-id": id }, mark, first, second);
    return row;
  }

  function fill(row, alert) {
    const put = (name, text) => wf.text(row.querySelector(`.${name}`), text);
    wf.flag(row, "priority", alert.priority);
    wf.flag(row, "state", alert.state);
    wf.flag(row, "open", wf.drawer.shows(alert.id));
    wf.flag(row, "pending", wf.drawer.pending(alert.id));
    put("symbol", wf.asideSign(alert.state) || wf.symbol(alert.priority));
    put("letter", String(alert.priority));
    put("place", wf.where(alert));
    wf.flag(row.querySelector(".place"), "long", wf.where(alert).length > 16);
    put("what", wf.what(alert));
    const owner = row.querySelector(".owner");
    wf.flag(owner, "none", !alert.acked && !wf.asideSign(alert.state));
    wf.text(owner, wf.asideSign(alert.state) ? wf.t(`state_${alert.state}`) : alert.acked ? wf.t("by", { who: `✓ ${wf.ownerName(alert.acked_by)}` }) : alert.state === "rtnun" ? wf.t("returned") : wf.t("no_owner"));
    put("rank", wf.t(`priority_${alert.priority}`));
    put("standing", wf.t(`state_${alert.state}`));
  }

  // Ages and clocks, from the server's time: they stand still when it does.
  stack.tick = function () {
    const now = wf.fresh.now_ms();
    for (const [id, row] of nodes) {
      const alert = wf.view.alerts.get(id);
      if (!alert) continue;
      wf.text(row.querySelector(".age"), now === null ? "" : wf.span(now - alert.raised_ms));
      const clock = wf.clockLeft(alert, now);
      const left = row.querySelector(".left");
      wf.text(left, clock.text);
      wf.flag(left, "over", clock.over);
    }
  };

  wf.clockLeft = function (alert, now) {
    if (now === null) return { text: "", over: false };
    if (alert.state === "suppressed" || (alert.state === "out_of_service" && !alert.out_until_ms)) return { text: "", over: false };
    if (wf.asideSign(alert.state)) return { text: wf.t("left", { span: wf.span((alert.state === "shelved" ? alert.shelved_until_ms : alert.out_until_ms) - now) }), over: false };
    if (!alert.due_ms) return { text: "", over: false };
    const left = alert.due_ms - now;
    return left >= 0 ? { text: wf.t("left", { span: wf.span(left) }), over: false } : { text: wf.t("over", { span: wf.span(-left) }), over: true };
  };

  // New critical and high alerts are said once to a screen reader; those of the first picture are not news.
  function speak(all) {
    if (!wf.view.ready) {
      first = true;
      return;
    }
    const fresh = all.filter((alert) => alert.state === "unack" && alert.priority <= 2 && !spoken.has(alert.id));
    for (const alert of all) spoken.add(alert.id);
    if (spoken.size > 5000) for (const id of spoken) if (!wf.view.alerts.has(id)) spoken.delete(id);
    if (!first && fresh.length) {
      const alert = fresh[0];
      const text = wf.t("announce", { priority: wf.t(`priority_${alert.priority}`), place: wf.where(alert), what: wf.what(alert) });
      wf.text(wf.$("announcer"), fresh.length > 1 ? `${text} (${wf.t("more", { n: fresh.length - 1 })})` : text);
    }
    first = false;
  }
})();
