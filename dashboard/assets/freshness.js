// Whether what is shown is true now: the clock, the chip, the banner and the marks. Everything here distrusts silence.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});

  const DELAYED_MS = 3000;
  const NONE_MS = 8000;
  const CLOCK_RUNS_ON_MS = 2500; // between heartbeats; past that the clock stands still, as the data does

  let lastGood = null; // server's time when the data were last live
  let alarm = null; // the animation that turns the clock red even when this script hangs

  const fresh = (wf.fresh = { state: "connecting", cause: "", since_ms: null });

  const elapsed = () => (wf.live.heard_at === null ? Infinity : performance.now() - wf.live.heard_at);

  // The server's time now, as far as the last heartbeat carries; null before the first.
  fresh.server_ms = function () {
    if (!wf.live.beat) return null;
    return wf.live.beat.server_ms + Math.min(elapsed(), CLOCK_RUNS_ON_MS);
  };

  // The time that ages and deadlines are measured by: the journal's clock when feeds bring their own, else the server's.
  fresh.now_ms = function () {
    if (!wf.live.beat) return null;
    return wf.live.beat.mode === "feed" ? wf.live.beat.clock_ms : fresh.server_ms();
  };

  fresh.stale = () => fresh.state === "none" || fresh.state === "connecting";

  fresh.start = function () {
    const frozen = wf.$("clock-frozen");
    if (frozen && frozen.animate) {
      // Runs in the compositor, so it fires even when scripts do not; each heartbeat winds it back.
      alarm = frozen.animate([{ opacity: 0 }, { opacity: 0, offset: 0.98 }, { opacity: 1 }], { duration: NONE_MS, fill: "forwards" });
    }
    setInterval(fresh.tick, 250);
  };

  fresh.beat = function () {
    if (alarm) {
      alarm.currentTime = 0;
      alarm.play();
    }
    fresh.tick();
  };

  function judge() {
    const beat = wf.live.beat;
    const silent = elapsed();
    if (!beat) return { state: wf.live.state === "lost" ? "none" : "connecting", cause: wf.live.state === "lost" ? "socket" : "" };
    const said = beat.freshness || { state: "none", cause: "" };
    if (silent > NONE_MS) return { state: "none", cause: "socket" };
    if (said.state === "none") return said;
    if (silent > DELAYED_MS) return { state: "delayed", cause: "socket" };
    return said;
  }

  fresh.tick = function () {
    const beat = wf.live.beat;
    const now = judge();
    const data_ms = beat ? beat.server_ms - ((beat.freshness && beat.freshness.age_ms) || 0) : null;
    if (beat && now.state === "live") lastGood = data_ms;
    if (beat && lastGood === null && now.state === "none") lastGood = data_ms;
    fresh.state = now.state;
    fresh.cause = now.cause || "";
    fresh.since_ms = lastGood;
    draw(now, beat, data_ms);
  };

  function draw(now, beat, data_ms) {
    const root = document.documentElement;
    const server = fresh.server_ms();
    const shown = now.state !== "live" ? now.state : wf.url.replay ? "replay" : beat.mode === "feed" ? "recorded" : "live";
    wf.flag(root, "fresh", shown);
    wf.text(wf.$("clock"), server === null ? "--:--:--" : wf.time(server));
    wf.text(wf.$("clock-frozen"), server === null ? "--:--:--" : wf.time(server));
    wf.text(wf.$("clock-date"), server === null ? "" : wf.day(server));
    const feedTime = beat && beat.mode === "feed";
    wf.text(wf.$("asof"), data_ms === null ? wf.t("unknown") : feedTime ? wf.instant(beat.clock_ms, wf.zone) : wf.time(data_ms));
    wf.text(wf.$("chip"), wf.t(shown));
    banner(now, server);
    marks(now, beat);
  }

  function banner(now, server) {
    const node = wf.$("banner");
    if (!node) return;
    wf.show(node, now.state === "none");
    if (now.state !== "none") return;
    const gone = lastGood === null || server === null ? null : server + Math.max(0, elapsed() - CLOCK_RUNS_ON_MS) - lastGood;
    const head = gone === null ? wf.t("none_never") : wf.t("none_since", { time: wf.time(lastGood), span: wf.span(gone) });
    let why = wf.t(wf.words.has(`cause_${now.cause}`) ? `cause_${now.cause}` : "cause_");
    if (now.cause === "socket" && wf.live.reason === "slow") why = wf.t("cut_off");
    if (node.childElementCount !== 2) node.replaceChildren(wf.el("strong"), wf.el("span"));
    wf.text(node.children[0], head);
    wf.text(node.children[1], `${why} · ${wf.t("none_note")}`);
  }

  function marks(now, beat) {
    const node = wf.$("marks");
    if (!node) return;
    const feeds = (beat && beat.feeds) || [];
    const list = [];
    if (fresh.simulated(feeds)) list.push(["simulated", wf.t("mark_simulated")]);
    if (wf.live.state === "lost" || (now.cause === "socket" && now.state !== "connecting")) list.push(["socket", wf.t("mark_socket")]);
    else if (now.state === "none" || now.state === "delayed") list.push(["stalled", wf.t(`cause_${now.cause}`)]);
    const silent = feeds.filter((feed) => feed.silent);
    if (silent.length === 1) list.push(["feed", wf.t("mark_feed", { feed: wf.feedName(silent[0].feed), age: wf.span(silent[0].age_ms) })]);
    else if (silent.length > 1) list.push(["feed", wf.t("mark_feeds", { n: silent.length })]);
    const elsewhere = beat && wf.view && wf.view.ready && wf.view.scope ? beat.unacked_all - (wf.view.rest.unacked || 0) : 0;
    if (elsewhere > 0 && now.state === "live") list.push(["elsewhere", wf.t("mark_elsewhere", { n: elsewhere })]);
    put(node, list);
  }

  fresh.simulated = (feeds) => feeds.some((feed) => feed.feed === "simulator");

  // The one mark of a page without a live line, which asks for its figures itself.
  fresh.mark_simulated = (simulated) => put(wf.$("marks"), simulated ? [["simulated", wf.t("mark_simulated")]] : []);

  function put(node, list) {
    while (node.childElementCount > list.length) node.lastElementChild.remove();
    list.forEach(([kind, text], index) => {
      const mark = node.children[index] || node.appendChild(wf.el("span", { class: "mark" }));
      wf.flag(mark, "kind", kind);
      wf.text(mark, text);
    });
  }
})();
