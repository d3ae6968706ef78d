// Words, numbers, spans and instants as a person reads them. Never markup: what is made here goes into text alone.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  let table = { en: {}, "zh-CN": {} };

  wf.lang = "en";

  wf.words = {
    async load() {
      const answer = await fetch("/words", { signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(`words ${answer.status}`);
      table = await answer.json();
    },
    has(key) {
      return key in table.en;
    },
  };

  // A word by its key, with {name} filled in.
  wf.t = function (key, values) {
    const words = table[wf.lang] || table.en;
    let text = words[key] === undefined ? key : words[key];
    for (const [name, value] of Object.entries(values || {})) text = text.split(`{${name}}`).join(String(value));
    return text;
  };

  // The text of a rule file in the page's language: {"en": …, "zh": …}.
  wf.both = function (texts, otherwise) {
    if (!texts) return otherwise || "";
    return texts[wf.lang === "en" ? "en" : "zh"] || texts.en || otherwise || "";
  };

  wf.number = function (value, digits) {
    if (value === null || value === undefined || Number.isNaN(value)) return wf.t("unknown");
    return new Intl.NumberFormat(wf.lang, { maximumFractionDigits: digits || 0 }).format(value);
  };

  // Making a formatter costs a hundred times its use: a list of a thousand rows makes each one once.
  const formats = new Map();
  function format(lang, form) {
    const key = lang + JSON.stringify(form);
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(lang, form));
    return formats.get(key);
  }

  const two = (n) => String(n).padStart(2, "0");

  // A span: 04:07 under an hour, 3:04:07 under a day, then days and hours.
  wf.span = function (ms) {
    if (ms === null || ms === undefined || Number.isNaN(ms)) return wf.t("unknown");
    const s = Math.max(0, Math.floor(ms / 1000));
    const h = Math.floor(s / 3600);
    if (h < 1) return `${two(Math.floor(s / 60))}:${two(s % 60)}`;
    if (h < 24) return `${h}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
    const d = Math.floor(h / 24);
    return wf.lang === "en" ? `${d} d ${h % 24} h` : `${d}天${h % 24}时`;
  };

  // hh:mm:ss in the room's own zone (or in wf.zone, where all feeds share one and their time is shown).
  wf.time = function (ms, zone) {
    if (ms === null || ms === undefined) return wf.t("unknown");
    return format("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone }).format(ms);
  };

  wf.day = function (ms, zone) {
    if (ms === null || ms === undefined) return "";
    const form = { weekday: "short", day: "numeric", month: "short", timeZone: zone };
    return format(wf.lang === "en" ? "en-GB" : wf.lang, form).format(ms);
  };

  // The whole of an instant of a recorded feed, whose year matters.
  wf.instant = function (ms, zone) {
    const form = { day: "numeric", month: "short", year: "numeric", timeZone: zone };
    return `${format(wf.lang === "en" ? "en-GB" : wf.lang, form).format(ms)} ${wf.time(ms, zone)}`;
  };

  // A day and a time to the minute; the year only where it is another one than the journal's.
  wf.moment = function (ms, zone) {
    if (ms === null || ms === undefined) return wf.t("unknown");
    const now = wf.fresh && wf.fresh.now_ms ? wf.fresh.now_ms() : null;
    const other = new Date(ms).getUTCFullYear() !== new Date(now === null ? Date.now() : now).getUTCFullYear();
    const form = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
    if (other) form.year = "numeric";
    return format(wf.lang === "en" ? "en-GB" : wf.lang, form).format(ms);
  };
})();
