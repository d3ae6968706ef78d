// Scopes that are with another desk for the time being: what a queue says of them, and which alerts are this desk's.
// Alerts of a scope that was given away are not shown here; those of one that was taken come with the queue.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});

  const moved = (desk.moved = {});
  let said = {};
  let extra = new Map(); // alert id → an alert of a scope that was taken
  let drawn = "";

  moved.take = function (message) {
    const before = JSON.stringify(said);
    said = message.moved || {};
    if (message.alerts) extra = new Map(message.alerts.map((alert) => [alert.id, alert]));
    else if (message.whole) extra = new Map();
    if (JSON.stringify(said) !== before) desk.words += 1; // what rows say of it is something else
  };

  moved.forget = function () {
    said = {};
    extra = new Map();
  };

  const longest = (list, place) => (list || []).filter((one) => place.startsWith(one.scope)).sort((a, b) => b.scope.length - a.scope.length)[0];

  // Which desk has a place that is below this desk's code; empty where this one has it.
  moved.away = function (place) {
    const given = longest(said.given, place);
    const taken = longest(said.taken, place);
    return given && !(taken && taken.scope.length >= given.scope.length) ? given.desk : "";
  };

  // Whose a place is that this desk has for the time being.
  moved.from = function (place) {
    const taken = longest(said.taken, place);
    return taken && !moved.away(place) ? taken.desk : "";
  };

  const place = (alert) => alert.grid || alert.scope || "";

  moved.alert = (id) => extra.get(id) || wf.view.alerts.get(id);
  moved.everyAlert = () => [...Array.from(wf.view.alerts.values()).filter((alert) => !extra.has(alert.id)), ...extra.values()];
  moved.here = (alert) => extra.has(alert.id) || !moved.away(place(alert));
  moved.alerts = () => moved.everyAlert().filter(moved.here);

  // The scopes of a desk that other desks have, so that they can be taken back.
  moved.scopes = (code) => (said.given || []).map((one) => one.scope).filter((scope) => scope.startsWith(code));

  // [kind, sentence] of each scope, what nobody here can work on first.
  moved.lines = () => ["beyond", "given", "taken"].flatMap((kind) => (said[kind] || []).map((one) => [kind, wf.t(`moved_${kind}`, { scope: wf.placeName(one.scope), desk: wf.placeName(one.desk) })]));
  moved.spans = (lines) => lines.map(([kind, text]) => wf.el("span", { class: "moved-one", "data-kind": kind }, text));

  moved.draw = function () {
    const lines = moved.lines();
    const key = JSON.stringify(lines);
    if (key === drawn) return;
    drawn = key;
    const node = wf.$("moved");
    node.replaceChildren(...moved.spans(lines));
    node.title = lines.map(([, text]) => text).join("\n");
    wf.show(node, lines.length > 0);
  };
})();
