// Sound: a tone of its own for each priority, made here (no files), and another for a lost line. Browsers give no sound
// before somebody has touched the page; a mute lasts 15 minutes at most and counts down in sight.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const MUTES_MIN = [5, 10, 15];
  const REMIND_MS = 60000; // what is critical and still unanswered sounds again
  const LOST_AGAIN_MS = 300000;
  // frequency in Hz, length in s; the worse, the higher and the more often
  const TONES = {
    1: [[988, 0.16], [740, 0.16], [988, 0.16], [740, 0.16], [988, 0.2]],
    2: [[784, 0.18], [988, 0.22]],
    3: [[587, 0.2]],
    4: [[440, 0.12]],
    lost: [[330, 0.3], [262, 0.3], [196, 0.45]],
  }; // prettier-ignore
  const KEPT = "wf.desk.sound";

  const sound = (desk.sound = { played: [] });
  let context = null;
  let heard = new Set(); // what has sounded and still waits
  let first = true; // the first picture of a desk is no news
  let muted_until = 0;
  let lost_at = 0;
  let reminded = 0;
  let only_view = false;
  let busy = { until: 0, rank: 9 }; // what sounds now

  sound.start = function () {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT)) || {};
      only_view = Boolean(kept.only_view);
      muted_until = Math.min(Number(kept.muted_until) || 0, Date.now() + MUTES_MIN[2] * 60000);
    } catch (problem) {
      // as at first
    }
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, unlock, { capture: true });
    wf.$("sound").addEventListener("click", menu);
    sound.tick();
  };

  function keep() {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ only_view, muted_until }));
    } catch (problem) {
      // for this visit alone
    }
  }

  function unlock() {
    if (!context) {
      try {
        context = new AudioContext();
      } catch (problem) {
        return; // a machine without sound
      }
    }
    if (context.state === "suspended") context.resume().then(sound.tick, () => {});
    sound.tick();
  }

  sound.unlocked = () => Boolean(context && context.state === "running");
  sound.muted_ms = () => Math.max(0, muted_until - Date.now());

  function play(name) {
    if (wf.url.replay || sound.muted_ms() > 0) return;
    const lasts = TONES[name].reduce((sum, tone) => sum + tone[1] + 0.05, 0.02);
    const rank = name === "lost" ? 0 : Number(name);
    // two tones at once are neither: what is no worse than what sounds is the same call
    if (performance.now() < busy.until && rank >= busy.rank) return;
    busy = { until: performance.now() + lasts * 1000, rank };
    sound.played.push(String(name));
    if (sound.played.length > 50) sound.played.shift();
    if (!sound.unlocked()) return;
    let at = context.currentTime + 0.02;
    for (const [hertz, seconds] of TONES[name]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = hertz;
      tone.type = name === "lost" ? "triangle" : "sine";
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.22, at + 0.015);
      volume.gain.setValueAtTime(0.22, at + seconds - 0.03);
      volume.gain.linearRampToValueAtTime(0, at + seconds);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + seconds);
      at += seconds + 0.05;
    }
  }

  // What was there when the desk was opened is no news.
  sound.known = function (ids) {
    for (const id of ids) heard.add(id);
  };

  // Once for what is new, by the worst of it; all of the desk, or what the view has.
  sound.hear = function () {
    if (!desk.ready || !wf.view.ready) {
      first = true;
      return;
    }
    const view = desk.views.now();
    const now = wf.fresh.now_ms();
    const open = desk.items().filter((item) => item.unacked && (!only_view || desk.presets[view.preset](item, now)));
    const fresh = first ? [] : open.filter((item) => !heard.has(item.id));
    first = false;
    if (fresh.length) {
      const worst = Math.min(...fresh.map((item) => item.priority));
      play(worst);
      const item = fresh.find((one) => one.priority === worst);
      if (worst <= 2) wf.text(wf.$("announcer"), wf.t("announce", { priority: wf.t(`priority_${worst}`), place: desk.title(item), what: desk.what(item) }));
    }
    // what was answered and comes again sounds again
    heard = new Set(open.map((item) => item.id));
    const critical = open.some((item) => item.priority === 1);
    if (!critical || fresh.length) reminded = performance.now();
    else if (performance.now() - reminded > REMIND_MS) {
      reminded = performance.now();
      play(1);
    }
  };

  sound.tick = function () {
    if (wf.fresh.state === "none" && wf.live.beat) {
      if (!lost_at || performance.now() - lost_at > LOST_AGAIN_MS) {
        lost_at = performance.now();
        play("lost");
      }
    } else if (wf.fresh.state === "live") lost_at = 0;
    const node = wf.$("sound");
    const left = sound.muted_ms();
    const state = left > 0 ? "muted" : sound.unlocked() ? "on" : "locked";
    wf.flag(node, "state", state);
    wf.text(node, state === "muted" ? wf.t("sound_muted", { span: wf.span(left) }) : wf.t(`sound_${state}`));
    node.title = wf.t("sound_title");
  };

  async function menu() {
    unlock();
    const options = MUTES_MIN.map((min) => [min, wf.t("mute_for", { n: min })]);
    const given = await desk.dialogs.fields({
      title: wf.t("sound_title"), submit: wf.t("save"), note: wf.t("mute_note"),
      fields: [
        { name: "mute", kind: "radios", needed: true, label: wf.t("sound_title"), options: [[0, wf.t("sound_on")], ...options], chosen: sound.muted_ms() > 0 ? 1 : 0 },
        { name: "of", kind: "choice", needed: true, label: wf.t("sound_of"), value: only_view ? "view" : "desk", options: [["desk", wf.t("sound_of_desk")], ["view", wf.t("sound_of_view")]] },
      ],
      head: [wf.el("p", { class: "tone-tests" }, ...[1, 2, 3, 4].map((p) => wf.el("button", { type: "button", class: "act small", onclick: () => (unlock(), play(p)) }, `▶ ${wf.symbol(p)}${p}`)))],
    }); // prettier-ignore
    if (!given) return;
    muted_until = Number(given.mute) ? Date.now() + Number(given.mute) * 60000 : 0;
    only_view = given.of === "view";
    keep();
    sound.tick();
  }
})();
