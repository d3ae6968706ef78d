// The detail: what is known of the one that is looked at, what may be done now and by which key, who is proposed and why,
// what may be the same matter, and what the rule tells to do.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});

  const detail = (desk.detail = {});
  let drawn = "";
  const ticked = new Map(); // alert id → which lines of its guidance are done, on this desk

  detail.forget = () => (drawn = "");

  detail.draw = function () {
    const node = wf.$("detail");
    if (!node) return;
    const item = desk.item(desk.current);
    const away = Boolean(item) && !desk.standing(desk.current);
    const facts = desk.facts(item);
    const key = JSON.stringify([
      desk.current, away, item && [desk.moved.away(item.grid || ""), desk.moved.from(item.grid || "")], item && [item.version, item.unacked, item.priority, item.claim, item.step, item.shelved, item.assignee, item.is, item.due_ms, item.repeats],
      facts, wf.lang, desk.words, desk.pending(desk.current), desk.off(), desk.ready, wf.placeName(item ? item.grid : ""), desk.keys.version, item && desk.plans.above(item.desk || item.grid),
      desk.alertsOf(item), desk.opened.version, item ? item.claim && desk.accountName(item.claim.account) : "", desk.timeline.names(facts),
    ]); // prettier-ignore
    if (key === drawn) return;
    drawn = key;
    const box = node.querySelector(".detail-body");
    const top = box && node.dataset.of === desk.current ? box.scrollTop : 0;
    const focus = document.activeElement && node.contains(document.activeElement) ? document.activeElement.id : "";
    if (!item) node.replaceChildren(nothing());
    else {
      const body = wf.el("div", { class: "detail-body", tabindex: 0, role: "group", "aria-label": wf.t("case_detail") }, elsewhere(item) || (away ? wf.el("p", { class: "note-row" }, wf.t("not_in_queue")) : null), clocks(item), proposals(item, facts), duplicates(item, facts), guidance(item, facts), known(item, facts), desk.opened.panel(item, facts), desk.timeline.list(item, facts));
      node.replaceChildren(head(item, facts), buttons(item, facts), body);
      body.scrollTop = top;
    }
    node.dataset.of = desk.current || "";
    const again = focus && wf.$(focus);
    if (again) again.focus();
    detail.tick();
  };

  // Where its place is with another desk than its own, which.
  function elsewhere(item) {
    const to = desk.moved.away(item.grid || "");
    const from = desk.moved.from(item.grid || "");
    return to || from ? wf.el("p", { class: "note-row" }, wf.t(to ? "is_with" : "is_from", { desk: wf.placeName(to || from) })) : null;
  }

  function nothing() {
    const gone = desk.current && desk.ready;
    return wf.el("div", { class: "detail-empty" }, wf.el("p", {}, wf.t(gone ? "case_left" : "choose_one")), gone ? null : wf.el("p", { class: "quiet" }, `${desk.keys.shown("down")} / ${desk.keys.shown("up")} · ${desk.keys.shown("help")} ${wf.t("key_help")}`));
  }

  function head(item, facts) {
    const claim = item.claim;
    const mine = claim && claim.account === wf.me.account;
    const number = (facts && facts.case && facts.case.source_id) || (item.kind === "case" ? item.id : "");
    return wf.el(
      "header",
      { class: "detail-head", "data-priority": item.priority },
      wf.el("span", { class: "mark-box" }, wf.el("span", { class: "symbol" }, wf.symbol(item.priority)), wf.el("span", { class: "letter" }, String(item.priority))),
      wf.el(
        "div",
        { class: "detail-title" },
        wf.el("h2", {}, desk.title(item)),
        wf.el("p", {}, desk.what(item), number ? wf.el("span", { class: "number" }, ` · ${number}`) : null)
      ),
      wf.el("div", { class: "claim", "data-state": claim ? (mine ? "mine" : "other") : "none" }, claim ? wf.t(mine ? "claimed_me" : "claimed_by", { who: desk.accountName(claim.account) }) : item.kind === "case" ? wf.t("claimed_none") : "")
    );
  }

  function clocks(item) {
    const pending = desk.pending(item.id);
    const step = item.kind === "alert" ? wf.t(`state_${item.alert.state}`) : `${desk.flowWord(item.feed, "step", item.step)} · ${wf.t(`level_${item.level}`)}`;
    const flags = (item.is || []).map((flag) => wf.el("span", { class: "flag" }, desk.flowWord(item.feed, "flag", flag)));
    return wf.el(
      "dl",
      { class: "clocks" },
      fact("step", step, pending ? wf.el("span", { class: "q-pending" }, ` → ${pending}`) : null),
      fact("time_left", wf.el("span", { id: "detail-left" }), null),
      fact("due", item.due_ms ? wf.moment(item.due_ms) : item.paused ? wf.t("stands") : "–", null),
      item.step_due_ms ? fact("step_due", wf.moment(item.step_due_ms), null) : null,
      fact("assignee", item.kind === "alert" ? desk.accountName(item.assignee) || wf.t("nobody") : desk.personName(item.assignee) || wf.t("nobody"), null),
      flags.length || item.shelved ? fact("flags_now", wf.el("span", {}, ...flags, item.shelved ? wf.el("span", { class: "flag" }, wf.t(`is_${item.aside}`)) : null), null) : null
    );
  }

  const fact = (key, value, more) => wf.el("div", { class: `fact fact-${key}` }, wf.el("dt", {}, wf.t(key)), wf.el("dd", {}, value, more));

  detail.tick = function () {
    const node = wf.$("detail-left");
    const item = desk.item(desk.current);
    if (!node || !item) return;
    const now = wf.fresh.now_ms();
    const left = desk.left_ms(item, now);
    const state = desk.leftState(item, now);
    wf.flag(node, "state", state);
    wf.text(node, state === "paused" ? `❚❚ ${desk.pauseCause(item)}` : left === null ? "–" : left < 0 ? `+${desk.hhmm(left)} ${wf.t("over_due")}` : `${desk.hhmm(left)} ${wf.t(desk.straight(item) ? "left_of_time" : "left_working")}`);
  };

  // --- what may be done now

  const SMALL = new Set(["note"]);

  function buttons(item, facts) {
    const off = desk.off();
    const wait = Boolean(desk.pending(item.id));
    const act = (id, text, sign, run, more) => wf.el("button", { type: "button", id: `do-${id}`, class: `act ${more || ""}`, disabled: (Boolean(off) && id !== "note") || (wait && id !== "note"), onclick: run }, text, sign ? wf.el("kbd", {}, sign) : null);
    const open = desk.alertsOf(item);
    const row = [];
    if (open.some((alert) => alert.state === "unack" || alert.state === "rtnun")) row.push(act("ack", wf.t("acknowledge"), desk.keys.shown("ack"), desk.verbs.ack, "main"));
    const actions = ((facts || {}).actions || []).slice();
    const rank = (one) => {
      const at = ["assign", "accept", "resume", "close", "feed_back", "done"].indexOf(one.name);
      return at < 0 ? 99 : at;
    };
    actions.sort((a, b) => rank(a) - rank(b));
    actions.forEach((one, index) => row.push(act(one.name, wf.both(one.title, one.name), desk.keys.ofAction(one.name), () => desk.start(item, one.name), index === 0 && !row.length ? "main" : SMALL.has(one.name) ? "quietly" : "")));
    if (open.length) row.push(act("shelve", wf.t(open.every((alert) => alert.shelved_until_ms) ? "unshelve" : "shelve"), desk.keys.shown("shelve"), () => desk.dialogs.shelve(item)));
    if (open.length && wf.servicer()) row.push(act("service", wf.t(open.every((alert) => alert.out_since_ms) ? "return_to_service" : "out_of_service"), desk.keys.shown("service"), () => desk.dialogs.service(item)));
    if (desk.claims.possible(item)) {
      const claim = item.claim;
      const key = !claim ? "act_claim" : claim.account === wf.me.account ? "act_release" : "act_take_over";
      row.push(act("claim", wf.t(key), desk.keys.shown("claim"), () => desk.claims.toggle(item)));
    }
    const shown = row.filter(Boolean);
    const asking = item.case && !facts;
    return wf.el("div", { class: "detail-acts" }, ...shown, off ? wf.el("span", { class: "acts-off" }, off) : asking ? wf.el("span", { class: "quiet" }, wf.t("case_loading")) : !shown.length ? wf.el("span", { class: "quiet" }, wf.t("nothing_to_do")) : null);
  }

  // --- who is proposed

  function proposals(item, facts) {
    const list = (facts && facts.proposals) || [];
    if (!list.length || !["file", "dispatch", "handle"].includes(item.step)) return null;
    for (const one of list) desk.name(one.to, desk.nameOf(one));
    return wf.el(
      "section",
      { class: "block" },
      wf.el("h3", {}, wf.t("proposed")),
      wf.el(
        "ol",
        { class: "proposals" },
        ...list.slice(0, 4).map((one) => wf.el("li", {}, wf.el("strong", {}, desk.nameOf(one)), wf.el("small", {}, ` ${wf.t(`kind_of_${one.kind}`)}`), desk.proposalLines(one)))
      )
    );
  }

  function duplicates(item, facts) {
    const list = (facts && facts.duplicates) || [];
    if (!list.length) return null;
    const can = desk.may(item, "merge");
    return wf.el(
      "section",
      { class: "block" },
      wf.el("h3", {}, wf.t("maybe_same", { n: list.length })),
      wf.el(
        "ul",
        { class: "duplicates" },
        ...list.map((one) =>
          wf.el(
            "li",
            {},
            wf.el("button", { type: "button", class: "link", onclick: () => desk.queue.focus(one.case), title: wf.t("look") }, desk.duplicateLine(item, one)),
            can ? wf.el("button", { type: "button", class: "act small", disabled: Boolean(desk.off()), onclick: () => desk.dialogs.merge(item, one.case) }, wf.t("act_merge")) : null
          )
        )
      )
    );
  }

  // --- what to do: the rule's own words, as a list to tick off

  function guidance(item, facts) {
    const alerts = item.kind === "alert" ? [item.alert] : desk.alertsOf(item);
    if (!alerts.length) return null;
    return wf.el("section", { class: "block" }, wf.el("h3", {}, wf.t("guidance")), ...alerts.slice(0, 3).map((alert) => one_alert(alert, facts)));
  }

  function one_alert(alert, facts) {
    const named = ((facts && facts.alerts) || []).find((one) => one.id === alert.id) || {};
    const rule = named.rule || named.texts || wf.rulebook.alerts[alert.kind] || {};
    const done = ticked.get(alert.id) || new Set();
    const steps = wf.both(rule.action, "").split(/(?<=[;；。])\s*|;\s+/).map((text) => text.trim()).filter(Boolean); // prettier-ignore
    const lines = steps.map((text, index) => {
      const box = wf.el("input", { type: "checkbox", id: `tick-${alert.id}-${index}`, checked: done.has(index), onchange: (event) => (event.target.checked ? done.add(index) : done.delete(index), ticked.set(alert.id, done)) });
      return wf.el("li", {}, wf.el("label", {}, box, ` ${text}`));
    });
    const surge = desk.surge(alert);
    return wf.el(
      "div",
      { class: "guide", "data-priority": alert.priority, "data-state": alert.state },
      wf.el("p", { class: "guide-title" }, wf.el("span", { class: "sign" }, `${wf.symbol(alert.priority)}${alert.priority}`), ` ${wf.what(alert)} · ${wf.t(`state_${alert.state}`)}`, alert.acked ? ` · ${desk.accountName(alert.acked_by)}` : "", alert.ack_until_ms ? ` · ${wf.t("ack_until", { time: wf.time(alert.ack_until_ms) })}` : "", alert.shelved_until_ms ? ` · ${wf.t("shelved_until")} ${wf.moment(alert.shelved_until_ms)}` : "", alert.out_since_ms ? ` · ${wf.t("out_until")} ${alert.out_until_ms ? wf.moment(alert.out_until_ms) : wf.t("until_returned")} · ${desk.accountName(alert.out_by)}` : ""),
      lines.length ? wf.el("ul", { class: "checklist", "aria-label": wf.t("action") }, ...lines) : null,
      wf.el(
        "details",
        { open: true },
        wf.el("summary", {}, wf.t("why_fired")),
        wf.el(
          "dl",
          { class: "why-list" },
          pair("cause", wf.both(rule.cause, "")),
          pair("consequence", wf.both(rule.consequence, "")),
          pair("time_available", wf.both(rule.time_available, "")),
          pair("escalate_to", desk.plans.above((facts && facts.case && facts.case.desk) || alert.grid || alert.scope)),
          pair("values", surge.values || values(alert)),
          pair("model_score", surge.score),
          pair("contributed", surge.contributed),
          pair("threshold", surge.threshold || limit(named.threshold)),
          pair("detector", surge.detector),
          pair("where_in_journal", position(alert, named.link))
        )
      )
    );
  }

  const pair = (key, value) => (value ? wf.el("div", {}, wf.el("dt", {}, wf.t(key)), wf.el("dd", {}, value)) : null);

  const values = (alert) => (alert.due_ms ? `${wf.t(alert.clock ? wf.clockWord(alert.clock) : "due")}: ${wf.t("due")} ${wf.moment(alert.due_ms)} · ${wf.t("raised")} ${wf.moment(alert.raised_ms)}` : "");

  const limit = (one) => (one ? wf.t(one.limit ? "threshold_of" : "threshold_percent", { percent: one.percent, amount: one.limit ? wf.number(one.limit.amount, 1) : "", kind: one.limit ? wf.t(`kind_${one.limit.kind}`) : "" }) : "");

  // An alert's id is partition, offset and number of the record that raised it.
  function position(alert, link) {
    if (link) return `${link.topic} / ${link.partition} / ${link.offset}`;
    const [partition, offset] = String(alert.id).split("-");
    const at = parseInt(offset, 16);
    return Number.isNaN(at) ? String(alert.id) : `journal / ${Number(partition)} / ${at}`;
  }

  // --- what else is known

  // What the account may do about one department's part stands beside it.
  function ofTask(item, facts, task) {
    const own = (facts.actions || []).filter((action) => action.task === task.team && !task.done);
    return own.map((action) => wf.el("button", { type: "button", class: "act small", disabled: Boolean(desk.off()), onclick: () => desk.start(item, action.name) }, desk.actionTitle(item, action.name)));
  }

  function known(item, facts) {
    const one = facts && facts.case;
    if (!one) return null;
    const rows = [
      ["grid_code", one.grid], ["opened", wf.moment(one.opened_ms)], ["channel", wf.channelName(one.channel)], ["feed", wf.feedName(one.feed)],
      ["area", one.area], ["repeats", one.repeats || ""], ["revisions", one.revisions || ""], ["round", one.round > 1 ? one.round : ""],
      ["outcome", one.outcome ? desk.flowWord(one.feed, "outcome", one.outcome) : ""], ["version", one.version],
    ]; // prettier-ignore
    const tasks = (one.tasks || []).map((task) => wf.el("li", {}, `${task.done ? "☑" : "☐"} ${desk.assigneeName(task.team)}`, task.due_ms ? ` · ${wf.moment(task.due_ms)}` : "", ...ofTask(item, facts, task)));
    const supervision = one.supervision ? wf.t("supervised_until", { time: wf.moment(one.supervision.due_ms), n: one.supervision.urges || 0 }) : "";
    const receipt = one.receipt ? wf.t("receipt_until", { time: wf.moment(one.receipt.due_ms) }) : "";
    return wf.el(
      "section",
      { class: "block" },
      wf.el("h3", {}, wf.t("known")),
      supervision ? wf.el("p", { class: "note-row" }, `◎ ${supervision}`) : null,
      receipt ? wf.el("p", { class: "note-row" }, `✉ ${receipt}`) : null,
      tasks.length ? wf.el("ul", { class: "tasks", "aria-label": wf.t("tasks") }, ...tasks) : null,
      wf.el("dl", { class: "known" }, ...rows.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([key, value]) => wf.el("div", {}, wf.el("dt", {}, wf.t(key)), wf.el("dd", {}, String(value)))))
    );
  }
})();
