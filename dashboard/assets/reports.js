// The page of reports: what the address asks for is asked of the server, and shown as tables, tiles and charts.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const VIEWS = ["jurisdiction", "desk", "team"];
  const SPANS = ["week", "month", "quarter"];
  const COUNTS = ["accepted", "filed", "due", "closed"];
  const RATES = ["close_rate", "on_time_rate", "satisfaction"];
  const AFTER = ["returned", "reopened"];
  const AGAIN_MS = 60000; // the archive is up to a minute behind
  const TRY_MS = 5000;
  const COUNTING_AFTER_MS = 250; // what answers sooner needs no word
  const wide = (name) => name.endsWith("rate") || name === "satisfaction";

  let asked = 0; // the number of the newest question: an older answer is dropped
  let shown = null;
  let clock_ms = null;
  let timer = null;
  let key = "";

  (wf.pages = wf.pages || {}).reports = function () {
    wf.onAddress(address);
    wf.$("rep-before").addEventListener("click", () => move(-1));
    wf.$("rep-after").addEventListener("click", () => move(1));
    window.addEventListener("resize", () => shown && charts());
    const own = wf.me.roles.map((role) => role.scope);
    if (wf.me.state === "account" && own.length && !own.some((scope) => wf.url.scope.startsWith(scope))) {
      wf.go({ scope: own.sort()[0] }, true); // whose right is a township's begins there
    } else address();
  };

  // -- the address: scope (with the page's own), view, span, and a day in the period

  function chosen() {
    const query = new URLSearchParams(location.search);
    const pick = (name, list, otherwise) => (list.includes(query.get(name)) ? query.get(name) : otherwise);
    const day = /^\d{4}-\d\d-\d\d$/.test(query.get("at") || "") ? new Date(`${query.get("at")}T00:00`) : null;
    return { by: pick("by", VIEWS, "jurisdiction"), span: pick("span", SPANS, "month"), at: day && !Number.isNaN(day.getTime()) ? day : null };
  }

  function choose(changes) {
    const query = new URLSearchParams(wf.address({}).split("?")[1]);
    for (const [name, value] of Object.entries(changes)) query.set(name, value);
    history.pushState(null, "", `${location.pathname}?${query}`);
    address();
  }

  const iso = (day) => `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;

  // The period of a day, in the room's own zone: a week begins on Monday.
  function period(span, at, by) {
    const [y, m, d] = [at.getFullYear(), at.getMonth(), at.getDate()];
    const n = by || 0;
    if (span === "week") {
      const monday = d - ((at.getDay() + 6) % 7) + 7 * n;
      return [new Date(y, m, monday), new Date(y, m, monday + 7)];
    }
    if (span === "month") return [new Date(y, m + n, 1), new Date(y, m + n + 1, 1)];
    const first = m - (m % 3) + 3 * n;
    return [new Date(y, first, 1), new Date(y, first + 3, 1)];
  }

  const now = () => new Date(clock_ms || Date.now());
  const present = () => period(chosen().span, chosen().at || now());

  function move(by) {
    const { span, at } = chosen();
    choose({ at: iso(period(span, at || now(), by)[0]) });
  }

  function name(span, [from, to]) {
    const form = (options) => new Intl.DateTimeFormat(wf.lang === "en" ? "en-GB" : wf.lang, options);
    if (span === "month") return form({ month: "long", year: "numeric" }).format(from);
    if (span === "quarter") return wf.t("rep_quarter", { n: Math.floor(from.getMonth() / 3) + 1, year: from.getFullYear() });
    return form({ day: "numeric", month: "short", year: "numeric" }).formatRange(from, new Date(to.getTime() - 1));
  }

  // -- asking

  function address() {
    choices();
    const { by } = chosen();
    const [from, to] = present();
    const next = JSON.stringify([wf.url.scope, by, from.getTime(), to.getTime(), clock_ms === null]);
    if (next === key && shown) return draw(); // the theme or the language alone
    key = next;
    ask();
  }

  function question(from, to) {
    return new URLSearchParams({ scope: wf.url.scope, by: chosen().by, from: from.getTime(), to: to.getTime() });
  }

  async function answer(path) {
    const said = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(60000) });
    const body = await said.json().catch(() => ({}));
    if (!said.ok) throw new Error(body.error || String(said.status));
    return body;
  }

  async function ask() {
    const mine = ++asked;
    clearTimeout(timer);
    const slow = setTimeout(() => mine === asked && state("rep_counting"), COUNTING_AFTER_MS);
    try {
      if (clock_ms === null) {
        const first = await answer(`/reports.json?${new URLSearchParams({ scope: wf.url.scope })}`);
        clock_ms = first.clock_ms || Date.now();
        if (mine === asked) choices();
      }
      const [from, to] = present();
      const found = await answer(`/reports.json?${question(from, to)}`);
      if (mine !== asked) return;
      shown = found;
      clock_ms = found.clock_ms || clock_ms;
      failed("");
      draw();
      timer = setTimeout(ask, AGAIN_MS);
    } catch (problem) {
      if (mine !== asked) return;
      failed(problem.message || String(problem));
      timer = setTimeout(ask, TRY_MS);
    } finally {
      clearTimeout(slow);
    }
  }

  function failed(reason) {
    const node = wf.$("banner");
    wf.show(node, reason);
    if (!reason) return;
    wf.text(node, wf.t("rep_failed", { reason }));
    state("");
    wf.flag(wf.$("reports"), "old", Boolean(shown));
  }

  function state(word) {
    wf.text(wf.$("rep-state"), word ? wf.t(word) : "");
    wf.flag(wf.$("rep-state"), "word", word);
    wf.flag(wf.$("reports"), "old", word === "rep_counting" && Boolean(shown));
  }

  // -- what can be chosen

  function choices() {
    const { by, span } = chosen();
    const [from, to] = present();
    group("rep-by", VIEWS, by, (one) => wf.t(`rep_by_${one}`), (one) => choose({ by: one }));
    group("rep-span", SPANS, span, (one) => wf.t(`rep_span_${one}`), (one) => choose({ span: one }));
    wf.text(wf.$("rep-period"), name(span, [from, to]));
    wf.text(wf.$("rep-before"), "‹");
    wf.text(wf.$("rep-after"), "›");
    wf.$("rep-after").disabled = to > now();
    wf.$("rep-csv").href = `/reports.csv?${question(from, to)}&lang=${wf.lang}`;
    trail();
  }

  function group(id, list, on, text, click) {
    const box = wf.$(id);
    if (box.childElementCount !== list.length) {
      box.replaceChildren(...list.map((one) => wf.el("button", { type: "button", class: "rep-choice", onclick: () => click(one) })));
    }
    list.forEach((one, n) => {
      wf.text(box.children[n], text(one));
      box.children[n].setAttribute("aria-pressed", String(one === on));
    });
  }

  // The way to the scope, each part a step back, and what lies below it as a list to go down by.
  function trail() {
    const places = shown && shown.scope === wf.url.scope ? shown.places : { trail: [], below: [] };
    const way = [{ code: "", name: null }, ...places.trail];
    const steps = way.map((place) => {
      const text = place.code ? wf.both(place.name, place.code) : wf.t("whole_area");
      return wf.el("button", { type: "button", class: "rep-step", "aria-current": place.code === wf.url.scope ? "true" : null, onclick: () => wf.go({ scope: place.code }) }, text);
    });
    const below = places.below.length ? [down(places.below)] : [];
    wf.$("rep-trail").replaceChildren(...steps, ...below);
  }

  function down(places) {
    const options = places.map((place) => wf.el("option", { value: place.code }, `${wf.both(place.name, place.code)} · ${place.code}`));
    const list = wf.el("select", { id: "rep-below", "aria-label": wf.t("rep_scope"), onchange: (event) => event.target.value && wf.go({ scope: event.target.value }) }, wf.el("option", { value: "" }, wf.t("rep_below")), ...options);
    return list;
  }

  // -- what was found

  const percent = (value) => (value === null ? wf.t("unknown") : `${new Intl.NumberFormat(wf.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value * 100)} %`);
  function hours(ms) {
    return ms < 3600000 ? wf.t("rep_minutes", { n: wf.number(ms / 60000) }) : wf.t("rep_hours", { n: wf.number(ms / 3600000, ms < 36000000 ? 1 : 0) });
  }
  const called = (row) => wf.both(shown.names[row.code], row.code);

  function draw() {
    choices();
    wf.text(wf.$("rep-asof"), wf.moment(shown.clock_ms));
    wf.fresh.mark_simulated(shown.simulated);
    const any = shown.rows.length > 0;
    state(any ? "" : "rep_empty");
    wf.show(wf.$("rep-found"), true);
    wf.flag(wf.$("rep-found"), "any", any);
    tiles();
    rows();
    steps();
    if (any) charts();
  }

  function rateCell(rate) {
    if (rate.rate === null) return [wf.el("strong", {}, wf.t("unknown")), wf.el("span", { class: "rep-of rep-nothing" }, wf.t("rep_none_of"))];
    return [
      wf.el("strong", {}, percent(rate.rate)),
      wf.el("span", { class: "rep-of" }, wf.t("rep_of", { hits: wf.number(rate.hits), of: wf.number(rate.of) })),
      wf.el("span", { class: "rep-interval" }, wf.t("rep_interval", { low: percent(rate.low), high: percent(rate.high) })),
    ];
  }

  function tiles() {
    const all = [...COUNTS, ...RATES, ...AFTER].map((one) => {
      const value = RATES.includes(one) ? rateCell(shown.whole[one]) : [wf.el("strong", {}, wf.number(shown.whole[one]))];
      return wf.el("div", { class: "figure", "data-wide": wide(one) ? "true" : null }, wf.el("span", { class: "label" }, wf.t(`rep_${one}`)), wf.el("div", { class: "rep-value" }, ...value));
    });
    wf.$("rep-tiles").replaceChildren(...all);
  }

  function rows() {
    const body = document.querySelector("#rep-table tbody");
    body.replaceChildren(...shown.rows.map(line));
    const small = shown.rows.some((row) => row.fewer_than);
    const withheld = shown.rows.some((row) => row.withheld);
    const said = [small ? "rep_small" : "", withheld ? "rep_withheld_why" : ""].filter(Boolean);
    wf.text(wf.$("rep-small"), said.map((key) => wf.t(key, { n: shown.least })).join(" "));
  }

  function line(row) {
    const goes = shown.by === "jurisdiction" && row.code.length < 15 && row.code !== wf.url.scope;
    const label = goes ? wf.el("button", { type: "button", class: "rep-down", onclick: () => wf.go({ scope: row.code }) }, called(row)) : called(row);
    const head = wf.el("th", { scope: "row", class: "rep-name" }, label, called(row) === row.code ? null : wf.el("span", { class: "rep-code" }, row.code));
    if (row.fewer_than || row.withheld) {
      const why = row.withheld ? wf.t("rep_withheld") : wf.t("rep_fewer", { n: row.fewer_than });
      return wf.el("tr", { class: "rep-none" }, head, wf.el("td", { colspan: COUNTS.length + RATES.length + AFTER.length }, why));
    }
    const counts = (names) => names.map((one) => wf.el("td", {}, wf.number(row[one])));
    return wf.el("tr", {}, head, ...counts(COUNTS), ...RATES.map((one) => wf.el("td", { class: "rep-wide" }, ...rateCell(row[one]))), ...counts(AFTER));
  }

  function titled(step) {
    return wf.both(shown.titles[step], step);
  }

  function steps() {
    const body = document.querySelector("#rep-step-table tbody");
    const list = Object.entries(shown.whole.steps).map(([step, times]) =>
      wf.el("tr", {}, wf.el("th", { scope: "row", class: "rep-name" }, titled(step)), wf.el("td", {}, wf.number(times.n)), wf.el("td", {}, hours(times.median_ms)), wf.el("td", {}, hours(times.p90_ms)))
    );
    body.replaceChildren(...(list.length ? list : [wf.el("tr", { class: "rep-none" }, wf.el("td", { colspan: 4 }, wf.t("rep_no_steps")))]));
  }

  function charts() {
    if (!window.dash_clientside || !window.dash_clientside.set_props) {
      setTimeout(() => shown && charts(), 200);
      return;
    }
    const made = wf.reportFigures(shown, { called, titled, percent });
    wf.text(wf.$("rep-more"), made.cut ? wf.t("rep_more", { n: made.rows }) : "");
    wf.$("rep-rates-box").style.height = `${made.rates.layout.height}px`;
    wf.show(wf.$("rep-times-box"), made.steps > 0);
    wf.$("rep-times-box").style.height = `${made.times.layout.height}px`;
    wf.$("rep-rates-box").setAttribute("aria-label", wf.t("rep_rates_label", { n: made.rows }));
    wf.$("rep-times-box").setAttribute("aria-label", wf.t("rep_times_label", { n: made.steps }));
    window.dash_clientside.set_props("rep-rates", { figure: made.rates });
    window.dash_clientside.set_props("rep-times", { figure: made.times });
  }
})();
