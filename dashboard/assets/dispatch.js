// The desk's state: rows as the gateway sends them, alerts of the view, what is selected, and who is told when it changes.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const PAINT_EVERY_MS = 60;

  const desk = (wf.desk = wf.desk || {});
  desk.rows = new Map(); // case id → row of the queue
  desk.ready = false; // a whole queue has come
  desk.seq = null;
  desk.refused = "";
  desk.words = 0; // rises whenever something may be called otherwise
  desk.current = null; // id of the item that is looked at
  desk.cases = new Map(); // case id → the last answer about it
  let painting = false;
  let filled = false; // the first queue is whole: what comes now is news
  let last = 0;
  let pause = PAINT_EVERY_MS;
  let items = null; // of the rows and alerts as they are; made once however many ask

  // --- what the gateway says

  function subscribe() {
    if (wf.me.state === "wall") return; // it has none, and need not ask
    desk.seq = null;
    wf.live.send({ type: "queue", desk: wf.url.scope });
  }

  function queue(message) {
    if (message.desk !== wf.url.scope) return; // of a desk that has been left since
    if (!message.whole && (desk.seq === null || message.after !== desk.seq)) return subscribe(); // something is missing
    desk.moved.take(message);
    if (message.whole) {
      desk.rows = new Map(message.rows.map((row) => [row.id, stamped(row, message)]));
      desk.ready = true;
      desk.refused = message.refused || ""; // there is no queue for this screen, and why
      if (!filled) desk.sound.known(message.rows.map((row) => row.id));
    } else {
      for (const row of message.set || []) desk.rows.set(row.id, stamped(row, message));
      for (const id of message.gone || []) desk.rows.delete(id);
      // a long queue comes in pieces of one version: those of the first are no news
      if (message.after !== message.seq) filled = true;
      else if (!filled) desk.sound.known(message.set.map((row) => row.id));
    }
    items = null;
    desk.seq = message.seq;
    for (const row of message.set || message.rows || []) {
      if (row.id === desk.current) desk.ask(row.id);
      desk.settled(row);
    }
    desk.paint();
  }

  // `at_ms` is when a row's time left was true, by the clock that cases run by.
  const stamped = (row, message) => ({ ...row, got_ms: row.at_ms === undefined ? message.server_ms : row.at_ms });

  function snapshot(message) {
    if (message.scope !== wf.url.scope) return;
    const { areas, alerts, ...rest } = message.view;
    wf.view.ready = true;
    wf.view.scope = message.scope;
    wf.view.areas = new Map((areas || []).map((row) => [row.code, row]));
    wf.view.alerts = new Map(((alerts && alerts.set) || []).map((alert) => [alert.id, alert]));
    wf.view.rest = rest;
    items = null;
    desk.paint();
  }

  function changes(message) {
    if (!wf.view.ready || message.scope !== wf.view.scope) return;
    const { areas, alerts, ...rest } = message.view;
    for (const row of areas || []) wf.view.areas.set(row.code, row);
    if (alerts) {
      for (const id of alerts.gone || []) wf.view.alerts.delete(id);
      for (const alert of alerts.set || []) wf.view.alerts.set(alert.id, alert);
    }
    Object.assign(wf.view.rest, rest);
    items = null;
    desk.paint();
  }

  // --- one item of the queue: a case that is worked here, or an alert without one

  desk.items = function () {
    if (items) return items;
    items = [];
    const covered = new Set();
    for (const row of desk.rows.values()) {
      for (const id of row.alerts || []) covered.add(id);
      items.push(fromCase(row));
    }
    for (const alert of desk.moved.alerts()) {
      if (alert.state === "normal" || covered.has(alert.id) || (alert.case && desk.rows.has(alert.case))) continue;
      items.push(fromAlert(alert));
    }
    return items;
  };

  // What stands in the queue under an id now.
  desk.standing = function (id) {
    if (!id) return null;
    if (id.startsWith("alert:")) {
      const alert = desk.moved.alert(id.slice(6));
      return alert && desk.moved.here(alert) ? fromAlert(alert) : null;
    }
    const row = desk.rows.get(id);
    return row ? fromCase(row) : null;
  };

  // The same, or a case that was asked for and lies in no queue of this desk.
  desk.item = function (id) {
    const here = desk.standing(id);
    if (here) return here;
    const alert = id && id.startsWith("alert:") ? desk.moved.alert(id.slice(6)) : null;
    if (alert) return fromAlert(alert);
    const found = id && (desk.cases.get(id) || {}).case;
    if (!found) return null;
    const alerts = desk.moved.everyAlert().filter((alert) => alert.case === id);
    const worst = Math.min(4, ...alerts.map((alert) => alert.priority));
    const open = alerts.some((alert) => alert.state === "unack" || alert.state === "rtnun");
    return fromCase({ teams: [], is: [], claim: null, level: "", left_ms: null, budget_ms: null, returned: false, ...found, priority: worst, unacked: open, alerts: alerts.map((alert) => alert.id) });
  };

  desk.alertsOf = (item) => (item ? (item.alerts || []).map(desk.moved.alert).filter(Boolean) : []);

  // The same row gives the same item, so that what draws it sees at once that nothing changed.
  const made = new WeakMap();

  function fromCase(row) {
    const states = desk.alertsOf(row).map((alert) => alert.state);
    const aside = ["out_of_service", "suppressed", "shelved"].find((state) => states.includes(state)) || "";
    const old = made.get(row);
    if (old && old.aside === aside) return old;
    const item = { ...row, kind: "case", case: row.id, shelved: Boolean(aside), aside };
    made.set(row, item);
    return item;
  }

  function fromAlert(alert) {
    if (!made.has(alert)) made.set(alert, ofAlert(alert));
    return made.get(alert);
  }

  function ofAlert(alert) {
    return {
      id: `alert:${alert.id}`, kind: "alert", alert, case: alert.case || "", alerts: [alert.id], priority: alert.priority,
      unacked: alert.state === "unack" || alert.state === "rtnun", grid: alert.grid || alert.scope, feed: alert.feed,
      category: alert.category, step: "", is: [], assignee: alert.acked ? alert.acked_by : "", teams: [], claim: null,
      shelved: Boolean(wf.asideSign(alert.state)), aside: wf.asideSign(alert.state) ? alert.state : "", returned: false, due_ms: alert.due_ms, left_ms: null, budget_ms: null,
      opened_ms: alert.raised_ms, arrived_ms: alert.raised_ms, repeats: 0, overdue: alert.kind === "overdue",
    }; // prettier-ignore
  }

  // --- looking at one

  desk.ask = function (id) {
    clearTimeout(desk.asking);
    // moving through the list with a held key asks for the last one alone
    desk.asking = setTimeout(() => wf.live.send({ type: "case", id }), 120);
  };

  desk.look = function (id) {
    if (desk.current === id) return;
    const before = desk.current;
    desk.current = id;
    const item = desk.item(id);
    if (item ? item.case : !id.startsWith("alert:")) desk.ask(item ? item.case : id);
    remember(id);
    desk.queue.again([before, id]);
    desk.detail.draw();
    desk.paint();
  };

  function remember(id) {
    const query = new URLSearchParams(location.search);
    if (id) query.set("case", id);
    else query.delete("case");
    history.replaceState(null, "", `${location.pathname}?${query}`);
  }

  function answered(message) {
    desk.cases.set(message.id, message);
    // what was looked at long ago is asked for again
    while (desk.cases.size > 50) desk.cases.delete(desk.cases.keys().next().value);
    desk.detail.draw();
    desk.paint();
  }

  desk.facts = function (item) {
    const found = item && item.case ? desk.cases.get(item.case) : null;
    return found || null;
  };

  // --- painting

  desk.paint = function () {
    if (painting) return;
    painting = true;
    // a laden machine paints less often, and has time left for keys
    setTimeout(() => {
      painting = false;
      const from = performance.now();
      draw();
      last = performance.now();
      pause = Math.max(PAINT_EVERY_MS, 3 * (last - from));
    }, Math.max(0, pause - (performance.now() - last)));
  };

  function draw() {
    wf.flag(document.documentElement, "ready", desk.ready && wf.view.ready);
    const scope = wf.url.scope;
    wf.text(wf.$("desk-name"), scope ? wf.placeName(scope) : wf.t("whole_area"));
    desk.moved.draw();
    desk.views.draw();
    desk.queue.draw();
    desk.detail.draw();
    desk.map.draw();
    desk.load.draw();
    desk.sound.hear();
    desk.notes.draw();
    desk.keys.row();
  }

  function tick() {
    wf.flag(document.documentElement, "off", Boolean(desk.off()));
    desk.queue.tick();
    desk.detail.tick();
    desk.sound.tick();
    desk.notes.send();
  }

  // Why nothing can be done now; empty when something can.
  desk.off = () => (wf.url.replay ? wf.t("off_replay") : wf.me.state === "wall" ? wf.t("off_wall") : wf.fresh.stale() || wf.live.state !== "open" ? wf.t("off_stale") : "");

  desk.supervisor = () => (wf.me.roles || []).some((one) => one.role === "supervisor");

  // Where nobody named a desk, it is that of the first right.
  function home() {
    if (new URLSearchParams(location.search).has("scope")) return;
    const [mine] = wf.scopes();
    if (mine) wf.go({ scope: mine }, true);
  }

  (wf.pages = wf.pages || {}).dispatch = async function () {
    home();
    wf.paint = () => {
      desk.words += 1; // a name or the rules' words have come
      desk.paint();
    };
    desk.kept.start();
    await desk.queue.start();
    desk.panes.start();
    desk.keys.start();
    desk.bar.start();
    desk.map.start();
    desk.sound.start();
    desk.claims.start();
    desk.notes.start();
    wf.fresh.start();
    desk.current = new URLSearchParams(location.search).get("case");
    wf.onAddress((now, before) => {
      if (now.scope !== before.scope) {
        desk.rows = new Map();
        desk.moved.forget();
        wf.view.alerts = new Map();
        items = null;
        filled = desk.ready = wf.view.ready = false;
        desk.current = null;
        wf.live.scope(now.scope);
        subscribe();
      }
      desk.queue.dress();
      desk.detail.forget();
      desk.map.restyle();
      desk.bar.dress();
      wf.fresh.tick();
      desk.paint();
    });
    wf.readRulebook();
    wf.live.start({
      snapshot,
      changes,
      queue,
      case: answered,
      greeted: subscribe,
      heartbeat() {
        wf.fresh.beat();
        tick();
      },
      state() {
        wf.fresh.tick();
        tick();
        desk.paint();
        if (wf.live.state === "open") {
          if (desk.current) desk.ask(desk.current.startsWith("alert:") ? (desk.item(desk.current) || {}).case || "" : desk.current);
        }
      },
    });
    setInterval(tick, 1000);
    wf.$("dispatch").classList.add("awake");
    desk.paint();
  };
})();
