// The wall's state: the view that the gateway sent, kept as it says, and painted at most ten times a second.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const PAINT_EVERY_MS = 100;

  const view = (wf.view = { ready: false, scope: "", areas: new Map(), alerts: new Map(), rest: {} });
  let painting = false;
  let lastPaint = 0;
  let landed = false;

  function snapshot(message) {
    if (message.scope !== wf.url.scope) return; // of a scope that has been left since
    const { areas, alerts, ...rest } = message.view;
    view.ready = true;
    view.scope = message.scope;
    view.areas = new Map((areas || []).map((row) => [row.code, row]));
    view.alerts = new Map(((alerts && alerts.set) || []).map((alert) => [alert.id, alert]));
    view.rest = rest;
    land();
    wf.paint();
  }

  // Opened without a scope, where one area alone has anything to show, the wall shows that one.
  function land() {
    if (landed) return;
    landed = true;
    if (new URLSearchParams(location.search).has("scope")) return;
    const busy = Array.from(view.areas.values()).filter((row) => row.total > 0);
    if (view.areas.size > 1 && busy.length === 1) wf.go({ scope: busy[0].code }, true);
  }

  function changes(message) {
    if (!view.ready || message.scope !== view.scope) return;
    const { areas, alerts, ...rest } = message.view;
    for (const row of areas || []) view.areas.set(row.code, row);
    if (alerts) {
      for (const id of alerts.gone || []) view.alerts.delete(id);
      for (const alert of alerts.set || []) view.alerts.set(alert.id, alert);
    }
    Object.assign(view.rest, rest);
    wf.paint();
  }

  wf.paint = function () {
    if (painting) return;
    painting = true;
    const pause = Math.max(0, PAINT_EVERY_MS - (performance.now() - lastPaint));
    setTimeout(() => {
      painting = false;
      lastPaint = performance.now();
      draw();
    }, pause);
  };

  function draw() {
    wf.flag(document.documentElement, "ready", view.ready);
    trail();
    wf.alerts.draw();
    wf.drawer.draw();
    wf.figures.draw();
    wf.map.draw();
  }

  function trail() {
    const node = wf.$("trail");
    const steps = (wf.map.geometry && wf.map.geometry.scope === wf.url.scope && wf.map.geometry.trail) || [];
    const list = steps.length ? steps : [{ code: "", name: null }].concat(wf.url.scope ? [{ code: wf.url.scope, name: null }] : []);
    const title = (step) => (step.code === "" ? wf.t("whole_area") : step.name ? wf.both(step.name, step.code) : wf.placeName(step.code));
    const key = JSON.stringify([wf.url, list.map((step) => [step.code, title(step)])]);
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    const parts = list.map((step, index) => {
      const name = title(step);
      if (index === list.length - 1) return wf.el("h1", { "aria-current": "page" }, name);
      const to = wf.address({ scope: step.code });
      const go = (event) => {
        event.preventDefault();
        wf.go({ scope: step.code });
      };
      return wf.el("span", { class: "step" }, wf.el("a", { href: to, onclick: go }, name), " ›");
    });
    node.replaceChildren(...parts);
  }

  (wf.pages = wf.pages || {}).wall = function () {
    wf.$("wall").classList.add("awake");
    replay();
    wf.fresh.start();
    wf.map.start();
    wf.alerts.start();
    wf.drawer.start();
    wf.onAddress((now, before) => {
      if (now.scope !== before.scope) {
        view.ready = false;
        view.alerts = new Map();
        view.areas = new Map();
        wf.drawer.close();
        wf.live.scope(now.scope);
      }
      replay();
      wf.map.restyle();
      wf.fresh.tick();
      wf.paint();
    });
    wf.readRulebook();
    wf.live.start({
      snapshot,
      changes,
      heartbeat() {
        wf.fresh.beat();
        wf.alerts.tick();
        wf.drawer.tick();
      },
      case: (answer) => wf.drawer.facts(answer.id, answer.case),
      state: () => wf.fresh.tick(),
    });
    wf.paint();
  };

  function replay() {
    const word = wf.$("replay-word");
    const mark = wf.$("watermark");
    wf.show(word, wf.url.replay);
    wf.show(mark, wf.url.replay);
    if (!wf.url.replay) return;
    wf.text(word, `${wf.t("replay")} ${wf.url.replay}`);
    word.title = wf.t("replay_note", { id: wf.url.replay });
    const both = "REPLAY · 回放";
    if (mark.childElementCount === 0) for (let i = 0; i < 9; i++) mark.append(wf.el("span", {}, `${both}     ${both}     ${both}`));
  }
})();
