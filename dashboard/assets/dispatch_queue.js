// The queue. It never moves under the pointer: while pointer, focus or a dialog is in it, values change in place and are
// marked, rows that ended stay and say so, and what is new or would stand elsewhere waits behind a chip.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const GRACE_MS = 800; // a pointer that crosses the edge has not left
  const CHANGED_SHOWN_MS = 4000;
  const ALL_EVERY = 10; // ticks
  const AGE_MS = 900; // what was drawn less than a second ago shows the time that it is

  const queue = (desk.queue = { order: [] });
  let api = null;
  let pointer = false;
  let leaving = null;
  let ticks = 0;
  const shown = new Map(); // id → what the grid has of it
  const kept = new Map(); // id → its last item, for rows that ended under the pointer
  const marks = new Map(); // id → until when a change is marked

  queue.start = async function () {
    while (!(window.dash_ag_grid && window.dash_ag_grid.getApiAsync)) await new Promise((go) => setTimeout(go, 30));
    api = queue.api = await window.dash_ag_grid.getApiAsync("queue-grid");
    const box = wf.$("queue-box");
    box.addEventListener("pointerenter", () => {
      clearTimeout(leaving);
      pointer = true;
    });
    box.addEventListener("pointerleave", () => {
      clearTimeout(leaving);
      leaving = setTimeout(() => {
        pointer = false;
        desk.paint();
      }, GRACE_MS);
    });
    box.addEventListener("focusout", () => setTimeout(desk.paint, 0));
    api.addEventListener("cellFocused", (event) => {
      if (event.rowIndex === null || event.rowIndex === undefined) return;
      const node = api.getDisplayedRowAtIndex(event.rowIndex);
      if (node) desk.look(node.data.id);
    });
    api.addEventListener("selectionChanged", () => desk.paint());
    api.addEventListener("cellDoubleClicked", () => desk.open());
    wf.$("waiting").addEventListener("click", () => queue.refresh());
    queue.dress();
  };

  // Words and measures, anew with another language or window.
  queue.dress = function () {
    const px = parseFloat(getComputedStyle(document.documentElement).fontSize);
    api.setGridOption("rowHeight", Math.round(px * 2.5));
    api.setGridOption("headerHeight", Math.round(px * 1.75));
    api.refreshHeader();
    const body = document.querySelector("#queue-grid [role=grid], #queue-grid [role=treegrid]");
    if (body) body.setAttribute("aria-label", wf.t("queue"));
    desk.words += 1;
  };

  const inside = () => wf.$("queue-box").contains(document.activeElement);
  queue.held = () => pointer || inside() || desk.dialogs.open();

  function wanted(now) {
    const view = desk.views.now();
    const matching = desk.items().filter((item) => (desk.presets[view.preset] || desk.presets.all)(item, now) && desk.matches(item, view.words));
    const left = new Map(matching.map((item) => [item, desk.left_ms(item, now)]));
    return matching.sort(desk.orders[view.sort]((item) => left.get(item)));
  }

  queue.draw = function () {
    if (!api) return;
    const now = wf.fresh.now_ms();
    const list = wanted(now);
    if (!queue.held() || !queue.order.length) show(list, now);
    else hold(list, now);
    heads(list);
  };

  queue.refresh = function () {
    const focused = inside();
    const now = wf.fresh.now_ms();
    show(wanted(now), now);
    heads([]);
    if (focused || desk.current) queue.focus(desk.current || queue.order[0]);
    desk.paint();
  };

  function data(item, rank, now, gone) {
    const cells = desk.cells(item, now);
    const until = marks.get(item.id) || 0;
    return {
      id: item.id, rank, current: item.id === desk.current, gone: Boolean(gone), pending: Boolean(desk.pending(item.id)),
      mine: Boolean(item.claim) && item.claim.account === wf.me.account, changed: until > performance.now(), ...cells,
    }; // prettier-ignore
  }

  // What a change in place is worth being marked for: what somebody did, not the time that passes or a name that came.
  const substance = (item, gone) => JSON.stringify([item.priority, item.unacked, item.aside, item.step, item.desk, item.assignee, item.claim && item.claim.account, item.is, item.repeats, Boolean(gone)]);

  function put(item, rank, now, gone, marked) {
    const old = shown.get(item.id);
    // nothing that it is made of has changed: only time has passed, and that is for the ticks
    const of = [desk.words, rank, gone, item.id === desk.current, desk.pending(item.id), (marks.get(item.id) || 0) > performance.now()].join();
    if (old && old.item === item && old.of === of && now - old.at < AGE_MS) return null;
    let row = data(item, rank, now, gone);
    const now_is = substance(item, gone);
    if (marked && old && old.is !== now_is) {
      marks.set(item.id, performance.now() + CHANGED_SHOWN_MS);
      setTimeout(desk.paint, CHANGED_SHOWN_MS + 50);
      row = { ...row, changed: true };
    }
    const key = JSON.stringify(row);
    if (old && old.key === key) {
      Object.assign(old, { is: now_is, item, of, at: now });
      return null;
    }
    shown.set(item.id, { key, is: now_is, item, of, at: now });
    kept.set(item.id, item);
    return row;
  }

  function show(list, now) {
    const here = new Set(list.map((item) => item.id));
    const change = { add: [], update: [], remove: [] };
    for (const id of shown.keys()) {
      if (here.has(id)) continue;
      change.remove.push({ id });
      shown.delete(id);
      kept.delete(id);
      marks.delete(id);
    }
    list.forEach((item, rank) => {
      const is_new = !shown.has(item.id);
      const row = put(item, rank, now, false, false);
      if (row) (is_new ? change.add : change.update).push(row);
    });
    queue.order = list.map((item) => item.id);
    apply(change);
  }

  function hold(list, now) {
    const update = [];
    queue.order.forEach((id, rank) => {
      const item = desk.standing(id);
      const row = put(item || kept.get(id), rank, now, !item, true);
      if (row) update.push(row);
    });
    in_place(update);
  }

  // Values alone: nothing is sorted, so nothing can move.
  function in_place(rows) {
    for (const row of rows) {
      const node = api.getRowNode(row.id);
      if (node) node.updateData(row);
    }
  }

  function apply(change) {
    if ((change.add || []).length + (change.update || []).length + (change.remove || []).length) api.applyTransaction(change);
  }

  function heads(list) {
    const here = new Set(queue.order);
    const fresh = list.filter((item) => !here.has(item.id));
    const node = wf.$("waiting");
    const stays = list.filter((item) => here.has(item.id)).map((item) => item.id);
    const moved = list.length > 0 && queue.held() && (stays.length !== queue.order.length || stays.some((id, index) => id !== queue.order[index]));
    const worst = fresh.reduce((least, item) => Math.min(least, item.priority), 5);
    wf.show(node, fresh.length > 0 || moved);
    wf.flag(node, "priority", worst < 5 ? worst : "");
    wf.text(node, fresh.length ? `${wf.t("waiting_new", { n: fresh.length })}${worst <= 2 ? ` ${wf.symbol(worst)}${worst}` : ""}` : moved ? wf.t("waiting_order") : "");
    node.title = `${wf.t("waiting_note")} (${desk.keys.shown("refresh")})`;
    wf.text(wf.$("queue-title"), wf.t(`view_${desk.views.now().preset}`));
    const all = desk.items();
    wf.text(wf.$("queue-counts"), desk.ready ? wf.t("queue_counts", { n: queue.order.length, all: all.length, unacked: all.filter((item) => item.unacked).length }) : "");
    const empty = wf.$("queue-empty");
    wf.show(empty, queue.order.length === 0);
    wf.text(empty, desk.ready ? desk.refused || wf.t(all.length ? "queue_nothing_here" : "queue_quiet") : wf.live.reason || wf.t("loading"));
  }

  // Only the clocks, in place: each second what is on the screen, now and then the rest.
  queue.tick = function () {
    if (!api || !queue.order.length) return;
    ticks += 1;
    again(ticks % ALL_EVERY ? api.getRenderedNodes().map((node) => node.data.id) : queue.order);
  };

  // Rows as they are now, where they stand.
  queue.again = again;

  function again(ids) {
    const now = wf.fresh.now_ms();
    const ranks = new Map(queue.order.map((id, rank) => [id, rank]));
    const update = [];
    for (const id of ids) {
      const here = desk.standing(id);
      const item = here || kept.get(id);
      const row = item && ranks.has(id) && put(item, ranks.get(id), now, !here, false);
      if (row) update.push(row);
    }
    in_place(update);
  }

  // --- moving and choosing

  const indexOf = (id) => {
    const node = id && api.getRowNode(id);
    return node ? node.rowIndex : -1;
  };

  // Turn to one: in the list where it is there, else in the detail alone.
  queue.focus = function (id) {
    const index = indexOf(id);
    if (index < 0) return desk.look(id);
    api.ensureIndexVisible(index);
    api.setFocusedCell(index, "what");
    desk.look(id);
    return undefined;
  };

  queue.move = function (by) {
    const here = queue.order.indexOf(desk.current);
    const next = here < 0 ? 0 : Math.max(0, Math.min(queue.order.length - 1, here + by));
    if (queue.order[next]) queue.focus(queue.order[next]);
  };

  queue.pick = function () {
    const node = desk.current && api.getRowNode(desk.current);
    if (node) node.setSelected(!node.isSelected());
  };

  queue.picked = () => (api ? api.getSelectedNodes().map((node) => node.data.id) : []);
  queue.unpick = () => api.deselectAll();

  // The picked rows whose whole height is on the screen.
  queue.pickedVisible = function () {
    const { top, bottom } = api.getVerticalPixelRange();
    return api
      .getSelectedNodes()
      .filter((node) => node.rowTop >= top && node.rowTop + node.rowHeight <= bottom)
      .map((node) => node.data.id);
  };
})();
