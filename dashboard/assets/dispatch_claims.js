// Claims: who is working on a case, kept alive by a beat, so that two desks never work one case unknowingly. A claim
// guards nothing (the version does); it is there to be seen.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const BEAT_MS = 15000;
  const MOST_AT_ONCE = 20;

  const claims = (desk.claims = {});
  const own = new Map(); // case id → whether the page took it by itself

  claims.start = function () {
    setInterval(beat, BEAT_MS);
  };

  function beat() {
    for (const id of own.keys()) {
      const row = desk.rows.get(id);
      if (row && row.claim && row.claim.account !== wf.me.account) own.delete(id); // taken over
      if (!row && desk.ready) own.delete(id);
    }
    if (own.size) wf.live.send({ type: "beat", cases: Array.from(own.keys()).slice(-MOST_AT_ONCE) });
  }

  // The gateway says who may; without its word nobody is offered it.
  const possible = (item) => Boolean(item && item.kind === "case" && wf.me.account && ((desk.facts(item) || {}).claims || []).length);
  claims.possible = possible;

  // Quietly, when somebody opens a case to work on it; never against another's claim.
  claims.take = async function (item, by_itself) {
    if (!possible(item) || desk.off() || item.claim || own.has(item.case)) return;
    own.set(item.case, by_itself);
    const message = { type: "act", id: wf.live.new_id(), action: "claim", case: item.case, version: null, given: {}, undoes: "", screen: "dispatch" };
    const answer = await wf.live.command(message);
    if (answer.ok) return beat();
    own.delete(item.case);
    if (!by_itself || answer.winner) desk.toast({ state: "failed", text: wf.t("not_done", { what: wf.t("act_claim"), reason: desk.refusal(answer, item) }) });
  };

  claims.release = function (item, only_own) {
    if (!item || !own.has(item.case) || (only_own && !own.get(item.case))) return;
    own.delete(item.case);
    wf.live.command({ type: "act", id: wf.live.new_id(), action: "release", case: item.case, version: null, given: {}, undoes: "", screen: "dispatch" });
  };

  // The key and the button: take it, give it back, or take it over with a reason.
  claims.toggle = async function (item) {
    if (!possible(item) || desk.off()) return undefined;
    const claim = item.claim;
    if (claim && claim.account === wf.me.account) {
      own.set(item.case, false);
      return claims.release(item, false);
    }
    if (!claim) return claims.take(item, false);
    const who = desk.accountName(claim.account);
    const given = await desk.dialogs.fields({ title: wf.t("act_take_over"), item: null, note: wf.t("take_over_note", { who, since: wf.time(claim.since_ms) }), fields: [{ name: "reason", kind: "line", needed: true, label: wf.t("need_reason"), longest: 300 }] });
    if (!given) return undefined;
    const answer = await desk.act(item, "take_over", given, { version: null });
    if (answer.ok) {
      own.set(item.case, false);
      beat();
    }
    return undefined;
  };
})();
