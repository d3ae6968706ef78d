// How much the desk has to bear: alerts in the last ten minutes against the marks 1, 2 and 10 (commonly published as:
// acceptable, manageable, flood), and below the map who is on duty and, for supervisors, the handing over of scopes.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const WINDOW_MS = 600000;
  const MARKS = [1, 2, 10];
  const DUTY_AGAIN_MS = 60000;

  const load = (desk.load = {});
  const raised = new Map(); // alert id → when and where; an alert that ended still was one
  let drawn = "";
  let side = "";
  let duty = null;
  let duty_of = null;

  load.count = function (now) {
    for (const alert of desk.moved.alerts()) raised.set(alert.id, { at: alert.raised_ms, place: alert.grid || alert.scope || "" });
    for (const [id, one] of raised) if (one.at < now - WINDOW_MS || desk.moved.away(one.place)) raised.delete(id);
    return raised.size;
  };

  load.state = (count) => (count >= MARKS[2] ? "flood" : count > MARKS[1] ? "high" : count > MARKS[0] ? "busy" : "calm");

  load.draw = function () {
    const now = wf.fresh.now_ms();
    if (now === null) return;
    const count = load.count(now);
    const state = load.state(count);
    const key = `${count} ${wf.lang}`;
    if (key !== drawn) {
      drawn = key;
      const node = wf.$("load");
      const at = (n) => Math.min(100, Math.log2(n + 1) * (100 / Math.log2(17))); // 16 fills it
      const bar = wf.el("span", { class: "load-bar" }, wf.el("span", { class: "load-fill", style: `width:${at(count)}%` }), ...MARKS.map((n) => wf.el("span", { class: "load-mark", style: `left:${at(n)}%` }, wf.el("i", {}, String(n)))));
      node.replaceChildren(wf.el("span", { class: "load-text" }, wf.t("load")), bar, wf.el("strong", {}, String(count)), wf.el("span", { class: "load-word" }, wf.t(`load_${state}`)));
      wf.flag(node, "state", state);
      node.setAttribute("role", "img"); // a picture from when it has a name
      node.setAttribute("aria-label", `${wf.t("load_spoken", { n: count })} ${wf.t(`load_${state}`)}`);
    }
    sideways();
  };

  async function ask(scope) {
    duty_of = scope;
    try {
      duty = await wf.ask(`/duty?scope=${scope}`);
    } catch (problem) {
      duty = null; // not known; nothing is claimed
    }
    const list = (duty && duty.duty) || [];
    desk.names.duty = list.map((one) => ({ to: one.worker, name: one.name }));
    for (const one of list) {
      if (one.name) desk.name(one.worker, one.name);
      if (one.stand_in && one.stand_in_name) desk.name(one.stand_in, one.stand_in_name);
    }
    side = "";
    desk.paint();
    setTimeout(() => duty_of === scope && (duty_of = null), DUTY_AGAIN_MS);
  }

  function sideways() {
    const scope = wf.url.scope;
    if (duty_of !== scope) ask(scope);
    const mine = desk.items().filter((item) => item.claim && item.claim.account === wf.me.account);
    const key = JSON.stringify([wf.lang, desk.names.duty, mine.map((item) => [item.id, desk.title(item)]), desk.supervisor(), wf.placeName(scope), desk.moved.lines()]);
    if (key === side) return;
    side = key;
    const who = desk.names.duty;
    wf.$("desk-side").replaceChildren(
      ...[
        mine.length ? wf.el("section", {}, wf.el("h3", {}, wf.t("my_claims", { n: mine.length })), wf.el("ul", {}, ...mine.slice(0, 6).map((item) => wf.el("li", {}, wf.el("button", { type: "button", class: "link", onclick: () => desk.queue.focus(item.id) }, `${wf.symbol(item.priority)}${item.priority} ${desk.title(item)} · ${desk.what(item)}`))))) : null,
        who.length ? wf.el("section", {}, wf.el("h3", {}, wf.t("on_duty", { n: who.length })), wf.el("ul", {}, ...who.slice(0, 8).map((one) => wf.el("li", {}, one.name || wf.workerName(one.to))))) : null,
        desk.moved.lines().length ? wf.el("section", { id: "moved-all" }, wf.el("h3", {}, wf.t("moved_scopes")), wf.el("ul", {}, ...desk.moved.spans(desk.moved.lines()).map((one) => wf.el("li", {}, one)))) : null,
        desk.supervisor() ? wf.el("section", {}, wf.el("button", { type: "button", id: "move-scope", class: "act small", onclick: move }, wf.t("move_scope"))) : null,
      ].filter(Boolean)
    );
  }

  // A supervisor gives a part of the area to another desk.
  async function move() {
    const known = await desk.plans.choices(wf.url.scope);
    const what = { name: "scope", kind: "pick", needed: true, label: wf.t("move_what"), options: [] };
    let offered = null;
    const parts_of = async (code) => {
      if (code === offered) return;
      offered = code;
      const own = /^\d+$/.test(code) ? await desk.plans.parts(code).catch(() => []) : []; // what is no area has none
      const moved = desk.moved.scopes(code).map((scope) => [scope, wf.placeName(scope)]);
      if (offered === code) what.offer([...moved, ...own.filter(([one]) => one !== code && !moved.some(([scope]) => scope === one)), [code, desk.plans.title(code)]]);
    };
    const given = await desk.dialogs.fields({
      title: wf.t("move_scope"), note: wf.t("move_note"), submit: wf.t("move_scope"),
      fields: [
        { name: "desk", kind: "pick", needed: true, label: wf.t("move_from"), options: known, value: wf.url.scope, again: parts_of },
        what,
        { name: "to", kind: "pick", needed: true, label: wf.t("move_to"), options: known },
      ],
    }); // prettier-ignore
    if (!given) return;
    const message = { type: "desk", id: wf.live.new_id(), action: "move_scope", ...given, screen: "dispatch" };
    const answer = await wf.live.command(message);
    desk.toast({ state: answer.ok ? "done" : "failed", text: answer.ok ? wf.t("move_done") : wf.t("not_done", { what: wf.t("move_scope"), reason: answer.reason }) });
  }
})();
