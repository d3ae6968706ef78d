// The operations page: asks once a second, one question at a time, and says so when there is no answer.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const EVERY_MS = 1000;
  const LAG_NOTICED_S = 3;
  const RATE_OVER_MS = 60000;

  let shown = null;
  let failed = "";
  const seen = new Map(); // feed → [[server_ms, messages], …] of the last minute

  (wf.pages = wf.pages || {}).ops = function () {
    wf.rulebook = { feeds: {} };
    wf.feedName = (feed) => wf.both(wf.rulebook.feeds[feed], feed);
    fetch("/rulebook").then((answer) => answer.ok && answer.json().then((book) => (wf.rulebook = book)), () => {});
    wf.onAddress(draw);
    ask();
  };

  async function ask() {
    const begun = performance.now();
    try {
      const answer = await fetch("/ops.json", { cache: "no-store", signal: AbortSignal.timeout(8000) });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error || String(answer.status));
      shown = body;
      failed = "";
      count();
    } catch (problem) {
      failed = problem.message || String(problem);
    }
    draw();
    setTimeout(ask, Math.max(100, EVERY_MS - (performance.now() - begun)));
  }

  function count() {
    for (const row of shown.feeds) {
      const line = seen.get(row.feed) || [];
      line.push([shown.server_ms, row.accepted + row.revised + row.repeated + row.refused]);
      while (line.length > 2 && line[1][0] < shown.server_ms - RATE_OVER_MS) line.shift();
      seen.set(row.feed, line);
      const [from, last] = [line[0], line[line.length - 1]];
      row.rate = last[0] - from[0] < 2000 ? null : ((last[1] - from[1]) * 60000) / (last[0] - from[0]);
    }
  }

  const cell = (text, more) => ({ text, ...more });
  const ago = (ms) => (ms === null || ms === undefined ? wf.t("unknown") : wf.t("ago", { span: wf.span(ms) }));

  function draw() {
    const down = wf.$("banner");
    wf.show(down, failed);
    if (failed) wf.text(down, wf.t("ops_unreachable", { reason: failed }));
    wf.flag(document.documentElement, "fresh", failed ? "none" : "live");
    if (!shown) return;
    wf.text(wf.$("ops-read"), wf.time(shown.server_ms));
    wf.fresh.mark_simulated(wf.fresh.simulated(shown.feeds));
    mark(wf.$("ops-gateway"), `${wf.t("ops_gateway")}: ${wf.t(shown.gateway ? "gateway_ok" : "gateway_down")}`, shown.gateway ? "ok" : "bad");
    const rules = shown.rules.map((hash) => hash.slice(0, 12)).join(", ") || wf.t("unknown");
    mark(wf.$("ops-rules"), `${wf.t("ops_rules")}: ${rules}`, shown.rules.length > 1 ? "bad" : "ok");
    wf.$("ops-rules").title = shown.rules.length > 1 ? wf.t("ops_rules_mixed") : shown.rules.join(" ");
    totals();
    fill("feeds", shown.feeds.map(feed), wf.t("ops_no_feeds"));
    fill("dead", shown.dead.map((row) => [cell(row.reason), cell(row.lane), cell(wf.number(row.count))]), wf.t("ops_no_dead"));
    fill("workers", shown.workers.map(worker), wf.t("ops_no_workers"));
    fill("partitions", shown.partitions.map(partition), wf.t("ops_no_workers"));
  }

  function mark(node, text, state) {
    wf.text(node, text);
    wf.flag(node, "state", state);
  }

  function totals() {
    const node = wf.$("ops-totals");
    const t = shown.totals;
    const late = Math.max(0, ...shown.partitions.map((row) => row.lag_s || 0));
    const list = [
      ["total_lag", wf.number(t.lag), late > LAG_NOTICED_S ? "bad" : ""],
      ["col_lag_s", wf.number(late, 1), late > LAG_NOTICED_S ? "bad" : ""],
      ["total_rate", wf.number(t.folded_per_s, 1), ""],
      ["ops_workers", wf.number(shown.workers.length), shown.workers.length === 0 || shown.workers.some((w) => w.late) ? "bad" : ""],
      ["kpi_feeds", `${shown.feeds.length - t.silent}/${shown.feeds.length}`, t.silent ? "bad" : ""],
      ["total_dead", wf.number(t.dead), ""],
    ];
    if (node.childElementCount !== list.length) {
      node.replaceChildren(...list.map(() => wf.el("div", { class: "figure" }, wf.el("span", { class: "label" }), wf.el("div", { class: "number" }))));
    }
    list.forEach(([key, text, state], index) => {
      wf.text(node.children[index].children[0], wf.t(key));
      wf.text(node.children[index].children[1], text);
      wf.flag(node.children[index], "abnormal", state ? "system" : "");
    });
  }

  function feed(row) {
    const counts = ["accepted", "revised", "repeated", "refused", "unplaced"].map((key) => cell(wf.number(row[key])));
    const state = cell(wf.t(row.silent ? "feed_silent" : "feed_ok"), { state: row.silent ? "bad" : "ok" });
    return [cell(wf.feedName(row.feed)), state, cell(wf.span(row.age_ms)), cell(wf.moment(row.last_ms)), cell(wf.number(row.rate, 1)), ...counts, cell(row.lane)];
  }

  function worker(row) {
    const state = cell(wf.t(row.late ? "worker_late" : "worker_ok"), { state: row.late ? "bad" : "ok" });
    return [cell(row.worker), state, cell(row.pid), cell(ago(row.heard_ms)), cell(ago(row.fetched_ms)), cell(wf.number(row.folded_per_s, 1)), cell(wf.number(row.owned))];
  }

  function partition(row) {
    const late = row.lag_s !== null && row.lag_s > LAG_NOTICED_S ? { state: "bad" } : {};
    const lag = row.lag_s === null ? wf.t("unknown") : wf.number(row.lag_s, 1);
    const worker = row.worker ? cell(row.worker) : cell(wf.t("unknown"), { state: "bad" });
    return [cell(row.partition), worker, cell(wf.number(row.offset)), cell(wf.number(row.end)), cell(wf.number(row.lag), late), cell(lag, late), cell(row.clock_ms ? `${wf.day(row.clock_ms)} ${wf.time(row.clock_ms)}` : wf.t("unknown")), cell(wf.number(row.cases)), cell(wf.number(row.alerts))];
  }

  // Rows and cells are kept and rewritten: a table of twenty rows changes each second.
  function fill(name, rows, nothing) {
    const body = document.querySelector(`#table-${name} tbody`);
    const columns = wf.$(`table-${name}`).dataset.columns.split(" ");
    wf.text(wf.$(`empty-${name}`), rows.length ? "" : nothing);
    wf.show(wf.$(`table-${name}`), rows.length);
    while (body.childElementCount > rows.length) body.lastElementChild.remove();
    rows.forEach((cells, r) => {
      const line = body.children[r] || body.appendChild(wf.el("tr", {}, ...columns.map((column) => wf.el("td", { class: `col-${column}` }))));
      cells.forEach((one, c) => {
        wf.text(line.children[c], one.text === null || one.text === undefined ? wf.t("unknown") : String(one.text));
        wf.flag(line.children[c], "state", one.state || "");
      });
    });
  }
})();
