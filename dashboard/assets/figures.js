// The strip of figures with their last six hours, and the two short lists of the busiest and the latest areas.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const LISTED = 5;
  const OPENED = 1;
  const OVERDUE = 3;
  const OPEN = 4;
  const HOUR_OF_BUCKETS = 12;

  // Which column of the trend a figure's line is, and how it is made of it.
  const lines = {
    open: (trend) => trend.map((row) => row[OPEN]),
    overdue: (trend) => trend.map((row) => row[OVERDUE]),
    new_1h: (trend) =>
      trend.map((_, i) => trend.slice(Math.max(0, i - HOUR_OF_BUCKETS + 1), i + 1).reduce((sum, row) => sum + row[OPENED], 0)),
  };

  wf.figures = {
    draw() {
      const kpis = wf.view.ready ? wf.view.rest.kpis || {} : {};
      const trend = (wf.view.ready && wf.view.rest.trend) || [];
      const share = kpis.on_time_rate_6h;
      const values = {
        open: wf.number(kpis.open),
        new_1h: wf.number(kpis.new_1h),
        overdue: wf.number(kpis.overdue),
        due_1h: wf.number(kpis.due_1h),
        on_time: share === null || share === undefined ? wf.t("unknown") : `${wf.number(share * 100, share < 0.9995 && share > 0 ? 1 : 0)}%`,
        unacked: wf.number(kpis.unacked),
        shelved: wf.number(kpis.shelved),
        feeds: kpis.feeds === undefined ? wf.t("unknown") : `${kpis.feeds_ok}/${kpis.feeds}`,
      };
      for (const [name, text] of Object.entries(values)) {
        const node = wf.$(`figure-${name}`);
        const number = node.querySelector(".number");
        wf.text(number, text);
        wf.flag(number, "long", text.length > 6 ? 2 : text.length > 4 ? 1 : 0);
        spark(node.querySelector(".spark"), lines[name] ? lines[name](trend) : null);
      }
      wf.flag(wf.$("figure-unacked"), "abnormal", worst() || "");
      wf.flag(wf.$("figure-feeds"), "abnormal", kpis.feeds !== undefined && kpis.feeds_ok < kpis.feeds ? "system" : "");
      list(wf.$("top-overdue"), wf.view.rest.top_overdue, "overdue", "nothing_overdue");
      list(wf.$("top-loaded"), wf.view.rest.top_loaded, wf.loadOf(wf.view.areas), "nothing_loaded");
    },
  };

  function worst() {
    return 1 + ((wf.view.ready && wf.view.rest.urgent) || []).findIndex((number) => number > 0);
  }

  // A line of six hours with the middle four fifths of its values as a band behind it: what is usual.
  function spark(node, values) {
    const key = values ? values.join() : "";
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    if (!values || values.length < 2) {
      node.replaceChildren();
      return;
    }
    const [w, h] = [100, 24];
    const sorted = values.slice().sort((a, b) => a - b);
    const low = sorted[0];
    const high = Math.max(sorted[sorted.length - 1], low + 1);
    const y = (v) => h - 2 - ((v - low) / (high - low)) * (h - 4);
    const x = (i) => (i / (values.length - 1)) * w;
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    const top = y(at(0.9));
    const band = wf.el("rect", { class: "band", x: 0, y: top, width: w, height: Math.max(1, y(at(0.1)) - top) });
    const points = values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
    const line = wf.el("polyline", { class: "line", points, "vector-effect": "non-scaling-stroke" });
    const label = `${wf.t("six_hours")}: ${wf.number(low)}–${wf.number(sorted[sorted.length - 1])}`;
    const svg = wf.el("svg", { viewBox: `0 0 ${w} ${h}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, band, line);
    node.replaceChildren(svg);
  }

  function list(node, codes, field, nothing) {
    if (!wf.view.ready) {
      node.replaceChildren();
      node.dataset.key = "";
      return;
    }
    const rows = (codes || [])
      .map((code) => wf.view.areas.get(code))
      .filter((row) => row && row[field] > 0)
      .slice(0, LISTED);
    const key = JSON.stringify([wf.lang, rows.map((row) => [row.code, wf.placeName(row.code), row[field]])]);
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    if (rows.length === 0) {
      node.replaceChildren(wf.el("li", { class: "quiet" }, wf.t(nothing)));
      return;
    }
    const most = Math.max(...rows.map((row) => row[field]));
    node.replaceChildren(
      ...rows.map((row) => {
        const bar = wf.el("span", { class: "bar" });
        bar.style.width = `${(row[field] / most) * 100}%`;
        const line = [wf.el("span", { class: "name" }, wf.placeName(row.code)), wf.el("span", { class: "count" }, wf.number(row[field]))];
        return wf.el("li", {}, wf.el("button", { type: "button", onclick: () => wf.map.enter(row.code) }, ...line, bar));
      })
    );
  }
})();
