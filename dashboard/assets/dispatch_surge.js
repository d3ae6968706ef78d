// Why a surge was raised: what was counted against what its detector expected, its score, and what it rests on.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});

  // A chance of 10^-score, as "once in so many", as exact as the score; beyond a million millions nobody reads a figure.
  const once = (score) => (score > 12 ? `10^${wf.number(score)}` : wf.number(Number(Math.pow(10, score).toPrecision(1))));

  desk.surge = function (alert) {
    if (alert.seen === null || alert.seen === undefined) return {};
    const by = wf.rulebook.detector || {};
    const min = wf.number((by.interval_s || 300) / 60);
    const expected = wf.number(alert.expected, alert.expected < 1 ? 3 : 1);
    const known = alert.score !== null && alert.score !== undefined; // an alert from before scores were kept has none
    return {
      values: wf.t("seen_against", { seen: wf.number(alert.seen), min, expected, low: wf.number(alert.low, 1), high: wf.number(alert.high, 1) }),
      score: known ? wf.t("score_means", { score: wf.number(alert.score, 1), once: once(alert.score) }) : "",
      contributed: alert.expected > 0 ? wf.t("times_expected", { ratio: wf.number(alert.seen / alert.expected, 1), expected, min }) : "",
      threshold: by.model ? wf.t("surge_threshold", { high: wf.number(alert.high, 1), min, least: by.min_count, once: once(-Math.log10(by.enter_probability)) }) : "",
      detector: by.model ? wf.t("detector_is", { model: by.model, days: by.half_life_days, warmup: wf.number((by.warmup_intervals * by.interval_s) / 3600, 1) }) : "",
    };
  };
})();
