// The cells of the queue. A cell's value is its content as JSON, so that the grid paints again only what changed.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  // A column's heading in the page's language; the grid asks again when its header is refreshed.
  (window.dashAgGridFunctions = window.dashAgGridFunctions || {}).DispatchHead = (params) => (params.colDef.field === "rank" ? "" : wf.t(`queue_${params.colDef.field}`));

  // The words for a step, a flag, an outcome or an action of the flow of a feed's cases.
  desk.flowWord = function (feed, kind, name, otherwise) {
    const book = wf.rulebook.flows || {};
    const flow = book[(wf.rulebook.flow_of || {})[feed]] || book.grid || {};
    const own = `${kind}_${name}`;
    return wf.both((flow[`${kind}s`] || {})[name], otherwise || (wf.words.has(own) ? wf.t(own) : name));
  };

  desk.title = (item) => (item.kind === "alert" ? wf.where(item.alert) : wf.placeName(item.grid));
  desk.what = (item) => (item.kind === "alert" ? wf.what(item.alert) : wf.categoryName(item.category));

  desk.personName = function (id) {
    if (!id) return "";
    if (id === wf.me.account) return wf.t("me");
    return desk.assigneeName(id);
  };

  // Teams and workers by their ids, where the gateway named them in a proposal; an account by its name.
  desk.named = new Map();
  desk.assigneeName = (id) => desk.named.get(id) || wf.workerName(id);
  // A team has a name in each language, a worker one.
  desk.nameOf = (one) => wf.both(one.names, one.name || wf.workerName(one.to));
  desk.name = function (id, name) {
    if (desk.named.get(id) === name) return;
    desk.named.set(id, name);
    desk.words += 1;
  };
  // clock, rules, gateway and reporter are nobody's accounts
  desk.accountName = (id) => (!id ? "" : id === wf.me.account ? wf.t("me") : wf.words.has(`account_${id}`) ? wf.t(`account_${id}`) : wf.ownerName(id));

  const icons = (item) =>
    [
      desk.moved.away(item.grid || "") && ["given", "⇥"],
      desk.moved.from(item.grid || "") && ["taken", "⇤"],
      item.aside && [item.aside, wf.asideSign(item.aside)],
      item.supervised && ["supervised", "◎"],
      (item.is || []).includes("parked") && ["parked", "‖"],
      (item.is || []).includes("waiting") && ["waiting", "…"],
      (item.is || []).includes("urged") && ["urged", "!"],
      item.returned && ["returned", "↩"],
      item.repeats > 0 && ["repeats", `×${item.repeats + 1}`],
    ].filter(Boolean);

  desk.cells = function (item, now) {
    const left = desk.left_ms(item, now);
    const state = desk.leftState(item, now);
    const pending = desk.pending(item.id);
    const share = left === null || !item.budget_ms ? null : Math.max(0, Math.min(1, left / item.budget_ms));
    return {
      mark: JSON.stringify([item.priority, item.unacked ? 1 : 0, item.unacked ? "" : wf.asideSign(item.aside)]),
      what: JSON.stringify([desk.title(item), desk.what(item), icons(item).map(([name, sign]) => [sign, wf.t(`is_${name}`)])]),
      step: JSON.stringify([item.kind === "alert" ? wf.t(`state_${item.alert.state}`) : desk.flowWord(item.feed, "step", item.step), pending || "", item.desk ? wf.t(`level_${item.level}`) : ""]),
      left: JSON.stringify([state, left === null ? "" : (left < 0 ? "+" : "") + desk.hhmm(left), share === null ? null : Math.round(share * 50) / 50, due(item), state === "paused" ? cause(item) : ""]),
      who: JSON.stringify([item.kind === "alert" ? desk.accountName(item.assignee) : desk.personName(item.assignee), item.claim ? desk.accountName(item.claim.account) : "", item.claim && item.claim.account === wf.me.account ? 1 : 0]),
      age: JSON.stringify([now === null ? "" : age(now - item.arrived_ms), wf.moment(item.arrived_ms)]),
    };
  };

  const due = (item) => (item.due_ms ? wf.t("due_at", { time: wf.moment(item.due_ms) }) : "");
  const cause = (item) => (item.is || []).filter((flag) => flag !== "supervised" && flag !== "urged").map((flag) => desk.flowWord(item.feed, "flag", flag)).join(", ") || wf.t("paused");
  desk.pauseCause = cause;

  function age(ms) {
    const minutes = Math.max(0, Math.floor(ms / 60000));
    if (minutes < 60) return wf.t("age_min", { n: minutes });
    if (minutes < 60 * 48) return wf.t("age_h", { n: Math.floor(minutes / 60) });
    return wf.t("age_d", { n: Math.floor(minutes / 1440) });
  }

  const h = (tag, attributes, ...children) => window.React.createElement(tag, attributes, ...children);
  const read = (props) => {
    try {
      return JSON.parse(props.value);
    } catch (problem) {
      return [];
    }
  };

  components.DispatchMark = function (props) {
    const [priority, unacked, aside] = read(props);
    if (!priority) return null;
    const spoken = `${wf.t(`priority_${priority}`)}${unacked ? `, ${wf.t("state_unack")}` : ""}`;
    return h("span", { className: "q-mark", "data-priority": priority, "data-unacked": unacked ? "true" : "false", title: spoken, role: "img", "aria-label": spoken }, h("span", { className: "symbol", "aria-hidden": true }, aside || wf.symbol(priority)), h("span", { className: "letter", "aria-hidden": true }, priority));
  };

  components.DispatchWhat = function (props) {
    const [title, what, signs] = read(props);
    return h("span", { className: "q-two" }, h("span", { className: "q-line q-strong" }, h("span", { className: "q-cut", title }, title), ...(signs || []).map(([sign, name]) => h("span", { key: name, className: "q-sign", title: name, role: "img", "aria-label": name }, sign))), h("span", { className: "q-line q-quiet q-cut", title: what }, what));
  };

  components.DispatchStep = function (props) {
    const [step, pending, level] = read(props);
    return h("span", { className: "q-two" }, h("span", { className: "q-line q-cut", title: step }, step), pending ? h("span", { className: "q-line q-pending q-cut" }, `→ ${pending}`) : h("span", { className: "q-line q-quiet q-cut" }, level));
  };

  components.DispatchLeft = function (props) {
    const [state, text, share, due, cause] = read(props);
    if (!state || state === "none") return h("span", { className: "q-left", "data-state": "none" }, "–");
    const bar = share === null ? null : h("span", { className: "q-bar", "aria-hidden": true }, h("span", { className: "q-fill", style: { width: `${(state === "over" ? 1 : share) * 100}%` } }));
    return h("span", { className: "q-left", "data-state": state, title: [due, cause].filter(Boolean).join(" · ") }, h("span", { className: "q-line" }, state === "paused" ? h("span", { className: "q-cut" }, `❚❚ ${cause}`) : text), bar);
  };

  components.DispatchWho = function (props) {
    const [who, claimed, mine] = read(props);
    return h("span", { className: "q-two" }, h("span", { className: who ? "q-line q-cut" : "q-line q-none", title: who || undefined }, who || wf.t("nobody")), claimed ? h("span", { className: "q-line q-claim q-cut", "data-mine": mine ? "true" : "false", title: wf.t("claimed_by", { who: claimed }) }, `✎ ${claimed}`) : null);
  };

  components.DispatchAge = function (props) {
    const [text, at] = read(props);
    return h("span", { className: "q-age", title: at }, text);
  };
})();
