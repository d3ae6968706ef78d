// The desk's map: the borders of the scope in grey, each case by shape, letter and colour, the one that is looked at ringed.
// Drawn as SVG of our own: no tiles, no other host. `m` changes between the whole desk and the surroundings of the one.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const NS = "http://www.w3.org/2000/svg";
  const CLOSE_UP = 0.12; // of the whole desk's width
  const MOST_POINTS = 600;
  const REDRAW_EVERY_MS = 500;

  const map = (desk.map = { geometry: null, close: false });
  let asking = null;
  let drawn = "";
  let last = 0;
  let later = null;

  map.start = function () {
    new ResizeObserver(() => map.restyle()).observe(wf.$("desk-map-box"));
  };

  map.restyle = function () {
    drawn = "";
    desk.paint();
  };

  map.toggle = function () {
    map.close = !map.close;
    map.restyle();
  };

  // Turn to another place: within this desk it is a look, else another desk.
  map.go = function (code) {
    wf.go({ scope: code });
  };

  async function fetchGeometry(scope) {
    asking = scope;
    try {
      const geometry = await wf.ask(`/geometry?scope=${scope}`);
      for (const area of geometry.areas) wf.knowPlace(area.code, area.name);
      for (const step of geometry.trail) if (step.code) wf.knowPlace(step.code, step.name);
      if (wf.url.scope === scope) map.geometry = geometry;
      asking = null;
    } catch (problem) {
      setTimeout(() => asking === scope && ((asking = null), desk.paint()), 4000);
    }
    map.restyle();
  }

  map.draw = function () {
    const scope = wf.url.scope;
    if ((!map.geometry || map.geometry.scope !== scope) && asking !== scope) fetchGeometry(scope);
    const wait = REDRAW_EVERY_MS - (performance.now() - last);
    if (wait > 0 && drawn) {
      later = later || setTimeout(() => ((later = null), paint()), wait);
      return;
    }
    paint();
  };

  // Where a mark stands. Tiles are no places: there the marks of an area lie around its middle, each always at its own spot.
  const placed = (item) => {
    const tile = map.geometry && map.geometry.areas.find((one) => one.tile && item.grid && item.grid.startsWith(one.code));
    if (tile) return around(tile, item.id);
    if (typeof item.lon === "number" && typeof item.lat === "number") return [item.lon, item.lat];
    const area = map.geometry && map.geometry.areas.find((one) => item.grid && (item.grid.startsWith(one.code) || one.code.startsWith(item.grid)));
    return area ? area.label : null;
  };

  function around(tile, id) {
    const ring = tile.rings[0] || [];
    const [x, y] = [ring.map((at) => at[0]), ring.map((at) => at[1])];
    if (!ring.length) return tile.label;
    let hash = 2166136261;
    for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619) >>> 0;
    const spread = (low, high, share) => low + (high - low) * (0.14 + 0.72 * share);
    return [spread(Math.min(...x), Math.max(...x), (hash % 997) / 997), spread(Math.min(...y), Math.max(...y), ((hash >>> 10) % 991) / 991)];
  }

  function paint() {
    const box = wf.$("desk-map-box");
    const size = { w: box.clientWidth, h: box.clientHeight };
    const geometry = map.geometry && map.geometry.scope === wf.url.scope ? map.geometry : null;
    const shown = new Set(desk.queue.order);
    const items = desk.items().filter((item) => shown.has(item.id)).slice(0, MOST_POINTS); // prettier-ignore
    const here = desk.item(desk.current);
    const points = items.map((item) => ({ item, at: placed(item) })).filter((one) => one.at);
    const key = JSON.stringify([size, geometry && [geometry.scope, geometry.rules], wf.lang, wf.url.theme, desk.current, map.close, points.map(({ item, at }) => [item.id, item.priority, item.unacked, at])]);
    if (key === drawn || !size.w || !size.h) return;
    drawn = key;
    last = performance.now();
    if (!geometry && !points.length) return box.replaceChildren(wf.el("p", { class: "quiet map-quiet" }, wf.t("loading")));
    const frame = fit(geometry, points, here && placed(here), size);
    const svg = make("svg", { viewBox: `0 0 ${size.w} ${size.h}`, role: "img", "aria-label": wf.t("desk_map_label", { n: points.length, scope: wf.url.scope ? wf.placeName(wf.url.scope) : wf.t("whole_area") }) });
    if (geometry) areas(svg, geometry, frame, here);
    // the worst on top
    points.sort((a, b) => b.item.priority - a.item.priority || Number(a.item.unacked) - Number(b.item.unacked));
    for (const one of points) svg.append(mark(one.item, frame.xy(one.at)));
    if (here && placed(here)) ring(svg, frame.xy(placed(here)));
    box.replaceChildren(svg, foot(here));
    return undefined;
  }

  function fit(geometry, points, here, size) {
    let [west, south, east, north] = (geometry && geometry.bbox) || extent(points);
    const squeeze = geometry && geometry.areas.length && geometry.areas.every((area) => area.tile) ? 1 : Math.max(0.05, Math.cos((((south + north) / 2) * Math.PI) / 180));
    if (map.close && here) {
      const half = Math.max(east - west, north - south, 1e-6) * CLOSE_UP;
      [west, south, east, north] = [here[0] - half, here[1] - half, here[0] + half, here[1] + half];
    }
    const [w, h] = [Math.max(1e-9, (east - west) * squeeze), Math.max(1e-9, north - south)];
    const scale = Math.min((size.w * 0.94) / w, (size.h * 0.92) / h);
    const [midX, midY] = [(west + east) / 2, (south + north) / 2];
    return { xy: ([lon, lat]) => [size.w / 2 + (lon - midX) * squeeze * scale, size.h / 2 - (lat - midY) * scale] };
  }

  function extent(points) {
    const [x, y] = [points.map((one) => one.at[0]), points.map((one) => one.at[1])];
    return [Math.min(...x) - 0.01, Math.min(...y) - 0.01, Math.max(...x) + 0.01, Math.max(...y) + 0.01];
  }

  const make = (tag, attributes) => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  function areas(svg, geometry, frame, here) {
    for (const area of geometry.areas) {
      if (!area.rings || !area.rings.length) continue;
      const d = area.rings.map((ring) => `M${ring.map((at) => frame.xy(at).map((n) => n.toFixed(1)).join(" ")).join("L")}Z`).join("");
      const mine = here && here.grid && here.grid.startsWith(area.code);
      svg.append(make("path", { d, class: mine ? "m-area m-here" : "m-area", "fill-rule": "evenodd" }));
    }
    const taken = [];
    for (const area of geometry.areas) {
      if (!area.label || !area.rings || !area.rings.length) continue;
      const [x, y] = frame.xy(area.label);
      const name = wf.placeName(area.code);
      const half = name.length * (wf.lang === "en" ? 3.4 : 6.5);
      // a name that would lie on another is left out: the row has it
      if (taken.some(([ox, oy, o]) => Math.abs(ox - x) < o + half && Math.abs(oy - y) < 14)) continue;
      taken.push([x, y, half]);
      const text = make("text", { x, y, class: "m-name", "text-anchor": "middle" });
      text.textContent = name;
      svg.append(text);
    }
  }

  const SHAPE = {
    1: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    2: (x, y, r) => `M${x} ${y - r * 1.2}L${x + r * 1.2} ${y + r}L${x - r * 1.2} ${y + r}Z`,
    3: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    4: (x, y, r) => `M${x} ${y - r * 1.2}L${x + r * 1.2} ${y}L${x} ${y + r * 1.2}L${x - r * 1.2} ${y}Z`,
  };

  function mark(item, [x, y]) {
    const group = make("g", { class: "m-mark", "data-priority": item.priority, "data-unacked": Boolean(item.unacked), "data-current": item.id === desk.current });
    group.append(make("path", { d: (SHAPE[item.priority] || SHAPE[4])(x, y, 6) }));
    const title = make("title", {});
    title.textContent = `${wf.t(`priority_${item.priority}`)} · ${desk.title(item)} · ${desk.what(item)}`;
    group.append(title);
    group.addEventListener("click", () => desk.look(item.id));
    return group;
  }

  function ring(svg, [x, y]) {
    svg.append(make("circle", { cx: x, cy: y, r: 13, class: "m-ring" }));
  }

  function foot(here) {
    return wf.el("div", { class: "map-tools" }, wf.el("button", { type: "button", class: "act small", "aria-pressed": map.close ? "true" : "false", onclick: map.toggle }, wf.t(map.close && here ? "map_whole" : "map_close"), wf.el("kbd", {}, desk.keys.shown("map"))));
  }
})();
