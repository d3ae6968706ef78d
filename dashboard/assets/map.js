// The map: what is fetched and what a touch on it means. The picture itself is made by map_figure.js.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const REDRAW_EVERY_MS = 900; // a map of a thousand areas repaints in about 100 ms: no more than a tenth of the time

  let asking = null;
  let drawn = "";
  let last = 0;
  let pending = null;

  const map = (wf.map = { geometry: null, failed: "" });

  map.start = function () {
    const box = wf.$("map-box");
    box.addEventListener("click", (event) => {
      const code = map.at(event);
      if (code) map.enter(code);
    });
    box.addEventListener("pointermove", (event) => {
      box.style.cursor = map.at(event) && map.at(event) !== wf.url.scope ? "pointer" : "default";
    });
    new ResizeObserver(() => map.restyle()).observe(box);
  };

  // Go down into an area; one that has nothing below it stays where it is.
  map.enter = function (code) {
    if (code && code !== wf.url.scope && wf.view.scope === wf.url.scope) wf.go({ scope: code });
  };

  map.restyle = function () {
    drawn = "";
    wf.paint();
  };

  async function fetchGeometry(scope) {
    asking = scope;
    try {
      const geometry = await wf.ask(`/geometry?scope=${scope}`);
      if (wf.url.scope !== scope) return;
      map.geometry = geometry;
      map.failed = "";
      for (const area of geometry.areas) wf.knowPlace(area.code, area.name);
      for (const step of geometry.trail) if (step.code) wf.knowPlace(step.code, step.name);
    } catch (problem) {
      map.failed = problem.message.endsWith(" 404") ? "map_unknown" : "map_failed";
      setTimeout(() => asking === scope && ((asking = null), wf.paint()), 4000);
      return;
    } finally {
      wf.paint();
    }
    asking = null;
    map.restyle();
  }

  map.draw = function () {
    const scope = wf.url.scope;
    if ((!map.geometry || map.geometry.scope !== scope) && asking !== scope) fetchGeometry(scope);
    const fits = map.geometry && map.geometry.scope === scope;
    const empty = fits && map.geometry.areas.length === 0;
    wf.text(wf.$("map-note"), fits ? (empty ? wf.t("map_empty") : "") : wf.t(map.failed || "loading"));
    noPlace(fits);
    if (!fits) return;
    const wait = REDRAW_EVERY_MS - (performance.now() - last);
    if (drawn && wait > 0) {
      pending = pending || setTimeout(() => ((pending = null), paint()), wait);
      return;
    }
    paint();
  };

  function paint() {
    const geometry = map.geometry;
    if (!geometry || geometry.scope !== wf.url.scope) return;
    const box = wf.$("map-box");
    const rows = wf.view.ready ? wf.view.areas : new Map();
    const key = JSON.stringify([geometry.scope, geometry.rules, wf.lang, wf.url.theme, box.clientWidth, box.clientHeight, wf.mapLook(geometry, rows)]);
    if (key === drawn || !window.dash_clientside || !window.dash_clientside.set_props) {
      if (key !== drawn) setTimeout(wf.paint, 200);
      return;
    }
    drawn = key;
    last = performance.now();
    const made = wf.mapFigure(geometry, rows, { width: box.clientWidth, height: box.clientHeight });
    window.dash_clientside.set_props("map", { figure: made.figure });
    legend(made.breaks, made.field);
    box.setAttribute("aria-label", wf.t("map_label", { scope: wf.placeName(wf.url.scope), n: geometry.areas.length, abnormal: made.abnormal }));
  }

  function noPlace(fits) {
    // rows of the view that the map does not draw, because their reports lie in no grid
    let count = 0;
    if (fits && wf.view.ready) {
      const shown = new Set(map.geometry.areas.map((area) => area.code));
      for (const row of wf.view.areas.values()) if (!shown.has(row.code)) count += row.total;
    }
    wf.text(wf.$("no-place"), count ? wf.t("no_place", { n: wf.number(count) }) : "");
  }

  function legend(breaks, field) {
    const node = wf.$("legend");
    const key = JSON.stringify([breaks, wf.lang, field]);
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    const steps = [0, 1, 2, 3, 4].map((step) => wf.el("i", { class: `step step-${step}` }));
    node.replaceChildren(
      wf.el("span", {}, wf.t(`legend_${field}`)),
      wf.el("i", { class: "step step-zero" }),
      wf.el("span", {}, wf.t("legend_zero")),
      wf.el("span", { class: "low" }, breaks ? wf.number(breaks.low) : wf.t("legend_low")),
      ...steps,
      wf.el("span", {}, breaks ? wf.number(breaks.high) : wf.t("legend_high")),
      wf.el("i", { class: "step step-nodata" }),
      wf.el("span", {}, wf.t("legend_nodata"))
    );
  }

  // The area under a pointer: pixel → degrees → point in polygon, because a filled trace hears clicks on its line alone.
  map.at = function (event) {
    const geometry = map.geometry;
    const plot = document.querySelector("#map .js-plotly-plot");
    const layout = plot && plot._fullLayout;
    if (!geometry || geometry.scope !== wf.url.scope || !layout || !layout.xaxis || !layout.xaxis.p2d) return null;
    const frame = plot.getBoundingClientRect();
    const x = layout.xaxis.p2d(event.clientX - frame.left - layout._size.l);
    const y = layout.yaxis.p2d(event.clientY - frame.top - layout._size.t);
    if (geometry.mosaic) {
      const { columns, rows } = wf.mosaicSize(geometry.areas.length);
      const [column, row] = [Math.floor(x), rows - 1 - Math.floor(y)];
      const area = column >= 0 && column < columns && row >= 0 ? geometry.areas[row * columns + column] : null;
      return area ? area.code : null;
    }
    const hit = geometry.areas.find((area) => wf.inside(area.rings, x, y));
    return hit ? hit.code : null;
  };

  // Even-odd over all rings, holes included.
  wf.inside = function (rings, x, y) {
    let within = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i];
        const [xj, yj] = ring[j];
        if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
      }
    }
    return within;
  };
})();
