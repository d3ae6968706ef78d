// The two charts of the page of reports, as Plotly's figures: rates with their intervals, and the time in each step.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const MOST_ROWS = 24; // more have no room between their names; the table has them all
  const ROW_PX = 34;
  const HOUR_MS = 3600000;

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function layout(count, more) {
    const ink = token("--ink-2");
    const axis = { gridcolor: token("--line"), zerolinecolor: token("--line"), tickfont: { color: ink, size: 13 }, fixedrange: true };
    return {
      height: count * ROW_PX + 96,
      margin: { l: 8, r: 18, t: 8, b: 58 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: token("--font"), color: token("--ink"), size: 13 },
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 0, xanchor: "left", yanchor: "bottom", xref: "container", yref: "container", font: { color: token("--ink") } },
      ...more,
      xaxis: { ...axis, ...(more.xaxis || {}) },
      yaxis: { ...axis, automargin: true, autorange: "reversed", showgrid: false, zeroline: false, tickfont: { color: token("--ink"), size: 13 }, ...(more.yaxis || {}) },
    };
  }

  const short = (text) => (text.length > 22 ? `${text.slice(0, 21)}…` : text);

  // Rates stand on their row, one a little above the other; the line is the interval.
  function rates(found, words) {
    const all = found.rows.filter((row) => !row.fewer_than && !row.withheld && row.due > 0);
    const rows = all.slice(0, MOST_ROWS);
    const trace = (name, shift, symbol, color) => ({
      type: "scatter",
      mode: "markers",
      name: wf.t(`rep_${name}`),
      x: rows.map((row) => row[name].rate * 100),
      y: rows.map((_, n) => n + shift),
      error_x: {
        type: "data",
        symmetric: false,
        array: rows.map((row) => (row[name].high - row[name].rate) * 100),
        arrayminus: rows.map((row) => (row[name].rate - row[name].low) * 100),
        color,
        thickness: 2,
        width: 4,
      },
      marker: { symbol, size: 10, color, line: { color, width: 2 } },
    });
    const figure = {
      data: [trace("close_rate", -0.16, "circle", token("--ink-2")), trace("on_time_rate", 0.16, "diamond", token("--severity-3"))],
      layout: layout(Math.max(rows.length, 3), {
        xaxis: { range: [-1, 101], ticksuffix: " %", dtick: 20, side: "bottom" },
        yaxis: { range: [rows.length - 0.5, -0.5], autorange: false, tickmode: "array", tickvals: rows.map((_, n) => n), ticktext: rows.map((row) => short(words.called(row))) },
      }),
    };
    return [figure, rows.length, all.length > rows.length];
  }

  // The bar ends at the median; the mark stands where nine of ten have ended.
  function times(found, words) {
    const steps = Object.entries(found.whole.steps);
    const titles = steps.map(([step]) => short(words.titled(step)));
    const x = (name) => steps.map(([, one]) => one[name] / HOUR_MS);
    const figure = {
      data: [
        { type: "bar", orientation: "h", name: wf.t("rep_median"), x: x("median_ms"), y: titles, marker: { color: token("--map-3") }, width: 0.5 },
        { type: "scatter", mode: "markers", name: wf.t("rep_p90"), x: x("p90_ms"), y: titles, marker: { symbol: "line-ns", size: 18, color: token("--severity-3"), line: { color: token("--severity-3"), width: 4 } } },
      ],
      layout: layout(Math.max(steps.length, 3), { xaxis: { rangemode: "tozero", ticksuffix: " h" } }),
    };
    return [figure, steps.length];
  }

  wf.reportFigures = function (found, words) {
    const [one, rows, cut] = rates(found, words);
    const [other, steps] = times(found, words);
    return { rates: one, times: other, rows, cut, steps };
  };
})();
