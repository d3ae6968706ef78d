// The desks that the rule set lists: what each is called, its own telephone line, and when its shift ends.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const DAY_S = 86400;

  const plans = (desk.plans = {});
  const listed = () => wf.rulebook.desks || {};

  plans.title = (code) => (listed()[code] ? wf.both(listed()[code].title, code) : wf.placeName(code));
  plans.codes = () => Object.keys(listed());

  // The listed desk that a place lies at: its own, or the nearest above it.
  const at = (place) => plans.codes().filter((code) => place && place.startsWith(code)).sort((a, b) => b.length - a.length)[0] || ""; // prettier-ignore

  // Areas of a scope's map by name, and the scope itself: what can be moved from its desk. Learned when first asked for.
  const maps = new Map(); // scope → [[code, name], …]
  plans.parts = async function (scope) {
    if (!maps.has(scope)) {
      const found = await wf.ask(`/geometry?scope=${scope}`);
      for (const area of found.areas) wf.knowPlace(area.code, area.name);
      for (const step of found.trail) if (step.code) wf.knowPlace(step.code, step.name);
      maps.set(scope, found.areas.map((area) => area.code));
    }
    return maps.get(scope).map((code) => [code, wf.placeName(code)]);
  };

  // The desks that a scope may come from or go to: those listed, and those of the scope's own county and its townships.
  plans.choices = async function (scope) {
    const county = scope.slice(0, 6);
    const below = county.length === 6 ? await plans.parts(county).catch(() => []) : [];
    const codes = new Set([...(county.length === 6 ? [county] : []), ...plans.codes(), ...below.map(([code]) => code).filter((code) => code.length === 9), ...(scope ? [scope] : [])]);
    return Array.from(codes).sort().map((code) => [code, plans.title(code)]); // prettier-ignore
  };

  // Whose shift counts: that of the queue which is open, else of the account's rights, else of the place itself.
  plans.mine = (place) => [wf.url.scope, ...(wf.me.roles || []).map((one) => one.scope), place].map(at).find(Boolean) || "";

  // The desk of the level above, with its number: of a village its township, of a township its county.
  plans.above = function (code) {
    const digits = [12, 9, 6].find((one) => one < String(code || "").length);
    if (!digits) return "";
    const above = code.slice(0, digits);
    return `${plans.title(above)} · ${(listed()[above] || {}).phone || wf.t("no_number")}`;
  };

  const around = (seconds) => ((seconds % DAY_S) + DAY_S) % DAY_S;

  function of_day(ms, zone) {
    const form = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone };
    const [hours, minutes, seconds] = new Intl.DateTimeFormat("en-GB", form).format(ms).split(":").map(Number);
    return hours * 3600 + minutes * 60 + seconds;
  }

  // Seconds until the shift of a listed desk ends by the clock of its zone; null where no desk is listed.
  plans.shift_left_s = function (code, now) {
    const plan = listed()[code];
    if (!plan) return null;
    const clock = of_day(now, plan.zone);
    const left = Math.min(...plan.shifts.map(([, end]) => around(end * 60 - clock) || DAY_S));
    // what the clock is put forward or back by until then
    const put = around(of_day(now + left * 1000, plan.zone) - clock - left + DAY_S / 2) - DAY_S / 2;
    return left - put;
  };
})();
