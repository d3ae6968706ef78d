// Names on the map: each abnormal area's first, beside the area with a line to it where it is too small to carry its own.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const LABELLED = 14; // more labels than this hide the map that they explain
  const NAMED_UP_TO = 60; // areas; with more, only the abnormal ones are named
  const SYMBOLS = ["", "■", "▲", "●", "◇"];
  const DISTANCES_REM = [3.5, 5.5, 8, 11, 15, 20];
  const DIRECTIONS = [[1, 0], [-1, 0], [1, -0.7], [-1, -0.7], [1, 0.7], [-1, 0.7], [0, -1], [0, 1]];

  // Plotly reads a little markup in texts: what came from outside is made plain.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (name) => (name.length > 22 ? `${name.slice(0, 21)}…` : name);

  // kit: the frame in degrees, the box in pixels, colours by token, an area's severity, one rem in pixels.
  wf.mapLabels = function (geometry, rows, marked, kit) {
    const { frame, size, colour, severity, rem } = kit;
    const perX = size.width / (frame.x[1] - frame.x[0]);
    const perY = size.height / (frame.y[1] - frame.y[0]);
    const px = ([lon, lat]) => [(lon - frame.x[0]) * perX, (frame.y[1] - lat) * perY];
    const font = { family: colour("--font"), size: rem * 1.1, color: colour("--ink") };
    const taken = [];
    const notes = [];

    const box = ([x, y], width, height) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    const inSight = (b) => b[0] >= 2 && b[1] >= 2 && b[2] <= size.width - 2 && b[3] <= size.height - 2;
    const free = (b) => inSight(b) && !taken.some((t) => t[0] < b[2] && t[2] > b[0] && t[1] < b[3] && t[3] > b[1]);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `bold ${font.size}px ${font.family}`;
    const wide = (text) => pen.measureText(text).width;

    // Whether a box hides any area: its corners and middle, which is enough for boxes of one line.
    const hides = (b) =>
      [[b[0], b[1]], [b[2], b[1]], [b[0], b[3]], [b[2], b[3]], [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2]].some(([x, y]) => {
        const [lon, lat] = [frame.x[0] + x / perX, frame.y[1] - y / perY];
        return geometry.areas.some((area) => wf.inside(area.rings, lon, lat));
      });

    function beside(point, width, height) {
      for (const distance of DISTANCES_REM) {
        for (const [right, down] of DIRECTIONS) {
          const middle = [point[0] + right * (distance * rem + width / 2), point[1] + down * distance * rem];
          const b = box(middle, width, height);
          if (free(b) && !hides(b)) return { b, middle };
        }
      }
      return null;
    }

    const at = (place) => ({ x: place[0], y: place[1], xref: "x", yref: "y", showarrow: false });

    function mark(area) {
      const row = rows.get(area.code);
      const level = severity(row);
      const name = short(wf.both(area.name, area.code));
      const count = row.unacked ? ` <b>${row.unacked}</b>` : "";
      const whole = `<b>${SYMBOLS[level]}</b> ${plain(name)}${count}`;
      const look = { font: { ...font, color: colour(`--severity-${level}-text`) }, bgcolor: colour(`--severity-${level}`), borderpad: rem * 0.2 };
      const [width, height] = [wide(`${SYMBOLS[level]} ${name} ${row.unacked || ""}`) + rem, font.size * 1.9];
      const [left, right] = chord(area);
      const middle = [(left + right) / 2, area.label[1]];
      const own = box(px(middle), width, height);
      if (notes.length < LABELLED) {
        if (width < (right - left) * perX * 1.5 && free(own)) {
          taken.push(own);
          notes.push({ ...at(middle), ...look, text: whole });
          return;
        }
        const point = px(area.label);
        const place = beside(point, width, height);
        if (place) {
          taken.push(place.b);
          const [ax, ay] = [place.middle[0] - point[0], place.middle[1] - point[1]];
          const line = { showarrow: true, arrowhead: 6, arrowsize: 0.5, arrowwidth: rem * 0.14, arrowcolor: colour(`--severity-${level}`), ax, ay };
          notes.push({ ...at(area.label), ...look, ...line, text: whole });
          return;
        }
        if (width < (right - left) * perX * 3 && free(own)) {
          taken.push(own);
          notes.push({ ...at(middle), ...look, text: whole });
          return;
        }
      }
      // where the name finds no room the symbol stands alone: an abnormal area is never unmarked
      taken.push(box(px(area.label), rem * 1.8, height));
      notes.push({ ...at(area.label), ...look, text: `${SYMBOLS[level]}${count}` });
    }

    const urgent = (a, b) => severity(rows.get(a.code)) - severity(rows.get(b.code)) || rows.get(b.code).unacked - rows.get(a.code).unacked;
    marked.slice().sort(urgent).slice(0, LABELLED * 3).forEach(mark);
    const quiet = new Set(marked);
    for (const area of geometry.areas) {
      if (quiet.has(area) || geometry.areas.length > NAMED_UP_TO) continue;
      const name = short(wf.both(area.name, area.code));
      const [left, right] = chord(area);
      const middle = [(left + right) / 2, area.label[1]];
      for (const lines of [[name], halves(wf.both(area.name, area.code))]) {
        const b = box(px(middle), Math.max(...lines.map(wide)) * 0.92, font.size * (1.3 * lines.length - 0.3));
        if (b[2] - b[0] > (right - left) * perX * 0.94 || !free(b)) continue;
        taken.push(b);
        notes.push({ ...at(middle), text: lines.map(plain).join("<br>"), font: { ...font, size: font.size * 0.92, color: colour("--map-name") } });
        break;
      }
    }
    return notes;
  };

  // A name on two lines, broken at the space that is nearest to its middle.
  function halves(name) {
    const spaces = [...name].flatMap((letter, i) => (letter === " " ? [i] : []));
    if (!spaces.length) return [name];
    const off = (i) => Math.abs(i - name.length / 2);
    const at = spaces.reduce((best, i) => (off(i) < off(best) ? i : best));
    return [name.slice(0, at), name.slice(at + 1)];
  }

  // The stretch of an area on the line through its label: a name fits or it does not.
  function chord(area) {
    const [x, y] = area.label;
    let [left, right] = [-Infinity, Infinity];
    for (const ring of area.rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i];
        const [xj, yj] = ring[j];
        if (yi > y === yj > y) continue;
        const cross = ((xj - xi) * (y - yi)) / (yj - yi) + xi;
        if (cross <= x) left = Math.max(left, cross);
        else right = Math.min(right, cross);
      }
    }
    return Number.isFinite(left) && Number.isFinite(right) ? [left, right] : [x, x];
  }
})();
