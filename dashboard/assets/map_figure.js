// The map's picture as a Plotly figure: grey by load, a hatch where nothing is known, colour for the abnormal alone.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const STEPS = 5;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  wf.mosaicSize = function (count) {
    const columns = Math.ceil(Math.sqrt(count * 1.35));
    return { columns, rows: Math.ceil(count / columns) };
  };

  // Load steps by quantile of the areas that have any; equal loads share a step.
  function ranks(rows, field) {
    const loads = Array.from(rows.values(), (row) => row[field]).filter((load) => load > 0).sort((a, b) => a - b);
    if (!loads.length) return { of: () => 0, breaks: null };
    const edges = [1, 2, 3, 4].map((q) => loads[Math.min(loads.length - 1, Math.floor((q * loads.length) / STEPS))]);
    return {
      of: (row) => edges.filter((edge) => row[field] >= edge && edge > loads[0]).length,
      breaks: { low: loads[0], high: loads[loads.length - 1] },
    };
  }

  // What makes an area's grey: open cases; where no case is ever closed or open, the reports of a day.
  wf.loadOf = (rows) => (Array.from(rows.values()).some((row) => row.open > 0) ? "open" : "r24h");

  const unknown = (row) => !row || row.state === "nodata" || row.state === "stale";
  const abnormal = (row) => row && (row.worst > 0 || row.state === "anomalous");
  const severity = (row) => row.worst || 2;

  const shade = (row, rank) => (unknown(row) ? "nodata" : row[rank.field] === 0 ? "zero" : rank.of(row));

  function rankOf(rows) {
    const field = wf.loadOf(rows);
    return { field, ...ranks(rows, field) };
  }

  // All that the picture depends on, but the borders: most changes of a number change no picture.
  wf.mapLook = function (geometry, rows) {
    const rank = rankOf(rows);
    return JSON.stringify(
      geometry.areas.map((area) => {
        const row = rows.get(area.code);
        return abnormal(row) ? [shade(row, rank), severity(row), row.unacked] : shade(row, rank);
      })
    );
  };

  wf.mapFigure = function (geometry, rows, size) {
    const rank = rankOf(rows);
    const traces = geometry.mosaic ? mosaic(geometry, rows, rank) : borders(geometry, rows, rank);
    const marked = geometry.areas.filter((area) => abnormal(rows.get(area.code)));
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 0, r: 0, t: 0, b: 0 },
      showlegend: false,
      hovermode: false,
      dragmode: false,
      annotations: geometry.mosaic || !geometry.bbox ? [] : wf.mapLabels(geometry, rows, marked, { frame: fit(geometry, size), size, colour, severity, rem: rem() }),
      ...axes(geometry, size),
    };
    return { figure: { data: traces, layout }, breaks: rank.breaks, field: rank.field, abnormal: marked.length };
  };

  function axes(geometry, size) {
    const hidden = { visible: false, fixedrange: true };
    if (geometry.mosaic || !geometry.bbox) {
      const { columns, rows } = wf.mosaicSize(Math.max(1, geometry.areas.length));
      return { xaxis: { ...hidden, range: [0, columns] }, yaxis: { ...hidden, range: [0, rows], scaleanchor: "x" } };
    }
    const frame = fit(geometry, size);
    return { xaxis: { ...hidden, range: frame.x }, yaxis: { ...hidden, range: frame.y } };
  }

  // Degrees of longitude are shorter than those of latitude; fill the box and keep the shape.
  function fit(geometry, size) {
    const [west, south, east, north] = geometry.bbox;
    const squeeze = geometry.areas.every((area) => area.tile) ? 1 : Math.max(0.05, Math.cos((((south + north) / 2) * Math.PI) / 180));
    const [w, h] = [Math.max(1e-9, (east - west) * squeeze), Math.max(1e-9, north - south)];
    const scale = Math.min((size.width * 0.97) / w, (size.height * 0.97) / h); // px a degree of latitude
    const [midX, midY] = [(west + east) / 2, (south + north) / 2];
    const [halfX, halfY] = [size.width / scale / squeeze / 2, size.height / scale / 2];
    return { x: [midX - halfX, midX + halfX], y: [midY - halfY, midY + halfY], px: scale, squeeze };
  }

  function path(areas) {
    const x = [];
    const y = [];
    for (const area of areas) {
      for (const ring of area.rings) {
        for (const [lon, lat] of ring) {
          x.push(lon);
          y.push(lat);
        }
        x.push(null);
        y.push(null);
      }
    }
    return { x, y };
  }

  // One trace a class, its polygons separated by nulls.
  function borders(geometry, rows, rank) {
    const classes = new Map();
    for (const area of geometry.areas) {
      const row = rows.get(area.code);
      const key = shade(row, rank);
      classes.set(key, (classes.get(key) || []).concat(area));
    }
    const edge = colour("--map-edge");
    const traces = [];
    for (const [key, areas] of classes) {
      const trace = {
        type: "scatter",
        mode: "lines",
        fill: "toself",
        hoverinfo: "skip",
        line: { color: edge, width: Math.max(1, rem() * 0.05) },
        fillcolor: key === "nodata" ? colour("--map-nodata") : colour(`--map-${key}`),
        ...path(areas),
      };
      if (key === "nodata") trace.fillpattern = { shape: "/", fgcolor: colour("--map-hatch"), bgcolor: colour("--map-nodata"), size: rem() * 0.5, solidity: 0.22, fillmode: "replace" };
      traces.push(trace);
    }
    for (const level of [4, 3, 2, 1]) {
      const areas = geometry.areas.filter((area) => abnormal(rows.get(area.code)) && severity(rows.get(area.code)) === level);
      if (!areas.length) continue;
      // a light line under the coloured one keeps it readable on every grey
      const line = { type: "scatter", mode: "lines", hoverinfo: "skip", ...path(areas) };
      traces.push({ ...line, line: { color: colour("--panel"), width: rem() * 0.46 } });
      traces.push({ ...line, line: { color: colour(`--severity-${level}`), width: rem() * (level === 1 ? 0.3 : 0.22) } });
    }
    return traces;
  }

  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

  function mosaic(geometry, rows, rank) {
    const { columns, rows: lines } = wf.mosaicSize(geometry.areas.length);
    const z = Array.from({ length: lines }, () => new Array(columns).fill(null));
    const marks = [1, 2, 3, 4].map(() => ({ x: [], y: [] }));
    geometry.areas.forEach((area, index) => {
      const row = rows.get(area.code);
      const [column, line] = [index % columns, lines - 1 - Math.floor(index / columns)];
      z[line][column] = unknown(row) ? 0 : row[rank.field] === 0 ? 1 : 2 + rank.of(row);
      if (abnormal(row)) {
        marks[severity(row) - 1].x.push(column + 0.5);
        marks[severity(row) - 1].y.push(line + 0.5);
      }
    });
    const names = ["--map-nodata-cell", "--map-zero", "--map-0", "--map-1", "--map-2", "--map-3", "--map-4"];
    const scale = names.flatMap((name, i) => [[i / names.length, colour(name)], [(i + 1) / names.length, colour(name)]]);
    const cells = { type: "heatmap", z, x0: 0.5, dx: 1, y0: 0.5, dy: 1, zmin: -0.5, zmax: 6.5, colorscale: scale, showscale: false, hoverinfo: "skip" };
    const shapes = ["square", "triangle-up", "circle", "diamond-open"];
    const points = marks
      .map((mark, i) => ({ ...mark, type: "scatter", mode: "markers", hoverinfo: "skip", marker: { symbol: shapes[i], size: rem() * 0.8, color: colour(`--severity-${i + 1}`), line: { color: colour("--panel"), width: 2 } } }))
      .filter((mark) => mark.x.length)
      .reverse();
    return [cells, ...points];
  }
})();
