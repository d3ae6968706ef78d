// What stands above what, what a view holds, and how much working time is left: pure, so that a test can ask it.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const HOUR_MS = 3600000;
  const AMBER = 0.25; // of the budget: the last quarter
  const SAME_MS = 2000; // two instants that a message's way may set apart

  // The working time left now; null while a pause lasts or where there is no clock. Between two messages it runs on only
  // where no closed hours lie before the due instant; else it stands, for the shifts are the server's knowledge.
  desk.left_ms = function (item, now) {
    if (item.paused || item.due_ms === null || item.due_ms === undefined || now === null) return null;
    if (item.left_ms === null || item.left_ms === undefined) return item.due_ms - now;
    if (desk.straight(item)) return item.left_ms - (now - item.got_ms);
    return item.left_ms > 0 ? Math.min(item.left_ms, item.due_ms - now) : item.left_ms;
  };

  // Whether its time runs on without a pause until it is due: no closed hours lie between.
  desk.straight = (item) => item.left_ms === null || item.left_ms === undefined || Math.abs(item.due_ms - item.got_ms - item.left_ms) <= SAME_MS;

  // grey, amber in the last quarter, red when over
  desk.leftState = function (item, now) {
    if (item.paused) return "paused";
    const left = desk.left_ms(item, now);
    if (left === null) return "none";
    if (left < 0) return "over";
    return item.budget_ms && left <= item.budget_ms * AMBER ? "soon" : "calm";
  };

  desk.hhmm = function (ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000);
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  };

  const known = (value) => (value === null || value === undefined ? Infinity : value);
  const by = (a, b) => (a === b ? 0 : a - b); // two that have no clock are alike: Infinity - Infinity is no number
  const byId = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

  // Each takes what gives an item's working time left.
  desk.orders = {
    urgency: (left) => (a, b) =>
      Number(b.unacked) - Number(a.unacked) ||
      Number(a.shelved) - Number(b.shelved) ||
      a.priority - b.priority ||
      by(known(left(a)), known(left(b))) ||
      a.arrived_ms - b.arrived_ms ||
      byId(a, b),
    left: (left) => (a, b) => by(known(left(a)), known(left(b))) || byId(a, b),
    newest: () => (a, b) => b.arrived_ms - a.arrived_ms || byId(a, b),
    place: () => (a, b) => (a.grid < b.grid ? -1 : a.grid > b.grid ? 1 : byId(a, b)),
  };

  const mine = (item) => {
    const me = wf.me.account;
    const teams = (wf.me.roles || []).map((one) => one.team).filter(Boolean);
    return Boolean(me) && ((item.claim && item.claim.account === me) || item.assignee === me || teams.includes(item.assignee));
  };
  desk.isMine = mine;

  desk.presets = {
    all: () => true,
    mine,
    unowned: (item) => !item.claim && !item.assignee,
    due1h: (item, now) => {
      const left = desk.left_ms(item, now);
      return left !== null && left < HOUR_MS;
    },
    critical: (item) => item.priority === 1,
    returned: (item) => item.returned,
    parked: (item) => (item.is || []).includes("parked"),
    shelved: (item) => item.shelved,
  };

  desk.matches = function (item, words) {
    if (!words) return true;
    const text = [item.id, item.grid, wf.placeName(item.grid), wf.categoryName(item.category), item.assignee].join(" ").toLowerCase();
    return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  };
})();
