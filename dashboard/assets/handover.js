// The handover page: a live preview until it is filled, then the page as it was filled, which two people sign.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const EVERY_MS = 10000;
  const SIGNERS = ["dispatcher", "duty_officer", "supervisor"];

  let code = ""; // the desk's
  let now = null; // what the server said last: page, state, desks
  let held = null; // the page as it was filled: page, sha256, texts
  let failed = "";
  let busy = false;
  let said = { key: "", bad: false, text: "" };
  let timer = null;
  const texts = new Map(); // what somebody wrote, by how it was sealed
  const unknown = new Set(); // sealed texts that were asked for
  const ticked = new Set();
  let readings = 0; // how often somebody began to read: boxes are empty again then

  (wf.pages = wf.pages || {}).handover = function () {
    wf.paint = draw;
    wf.fresh.start();
    const nothing = () => {};
    wf.live.start({ snapshot: nothing, changes: nothing, heartbeat: wf.fresh.beat, state: draw });
    wf.readRulebook();
    wf.onAddress(() => {
      take();
      draw(true);
    });
    wf.$("ho-note").addEventListener("submit", note);
    wf.$("ho-move-form").addEventListener("submit", move);
    home();
    take();
    draw(true);
  };

  // Where the address names no desk, it is that of its scope, or of the first right.
  function home() {
    const query = new URLSearchParams(location.search);
    if (query.get("desk")) return;
    const mine = wf.scopes();
    const desk = [wf.url.scope, ...mine].find((place) => place && mine.some((scope) => place.startsWith(scope)));
    if (!desk) return;
    query.set("desk", desk);
    history.replaceState(null, "", `${location.pathname}?${query}`);
  }

  // The desk that the address names; another one begins anew.
  function take() {
    const wanted = new URLSearchParams(location.search).get("desk") || "";
    const next = /^\d{2,15}$/.test(wanted) ? wanted : "";
    if (next === code && now) return;
    code = next;
    now = held = null;
    untick();
    say("");
    ask();
  }

  async function ask() {
    clearTimeout(timer);
    const mine = code;
    try {
      const answer = await fetch(`/handover.json?desk=${mine || "99"}`, { cache: "no-store", signal: AbortSignal.timeout(8000) });
      const body = await answer.json();
      if (mine !== code) return;
      if (answer.status === 401) return wf.sign_in();
      if (answer.status === 403) failed = "handover_no_right";
      else if (!answer.ok) failed = body.error || String(answer.status);
      else {
        failed = "";
        now = body;
        await follow();
      }
    } catch (problem) {
      if (mine !== code) return;
      failed = problem.message || String(problem);
    }
    draw();
    timer = setTimeout(ask, EVERY_MS);
  }

  // A page that waits for its second signature is the one to be read, not what would be filled now.
  async function follow() {
    const open = now.state && now.state.open;
    if (open && (!held || held.sha256 !== open.sha256)) {
      held = await wf.ask(`/handover/page?sha256=${open.sha256}`);
      untick();
      keep(held.texts);
    }
    const page = held ? held.page : now.page;
    const sealed = [...page.tables.notes.map((row) => row.text), ...page.tables.aside.flatMap((row) => [row.why, row.reference || ""])];
    const missing = sealed.filter((text) => text && text.startsWith("sealed:") && !texts.has(text) && !unknown.has(text));
    if (missing.length && code) {
      missing.forEach((text) => unknown.add(text));
      keep(await wf.post("/handover/texts", { desk: code }));
    }
  }

  function untick() {
    ticked.clear();
    readings += 1;
  }

  function keep(found) {
    for (const [sealed, text] of Object.entries(found || {})) texts.set(sealed, text);
  }

  function say(key, bad, text) {
    said = { key, bad: Boolean(bad), text: text || "" };
  }

  const open = () => (now && now.state && now.state.open) || null;
  const page = () => (held ? held.page : now && now.page);
  const may = (roles) => wf.me.state === "open" || wf.me.roles.some((one) => roles.includes(one.role) && code.startsWith(one.scope));
  const mine = (account) => account === (wf.me.state === "open" ? "local" : wf.me.account);

  // -- commands

  async function command(action, fields) {
    if (busy) return false;
    busy = true;
    draw();
    const answer = await wf.live.command({ type: "desk", id: wf.live.new_id(), action, desk: code, screen: "handover", ...fields });
    busy = false;
    const why = `handover_why_${answer.code}`;
    if (answer.ok) say(`handover_done_${action}`);
    else say(wf.words.has(why) ? why : "failed", true, answer.reason);
    if (answer.code === "changed") held = null;
    await ask();
    return answer.ok;
  }

  async function fill() {
    if (busy) return;
    busy = true;
    say("");
    draw();
    try {
      const found = await wf.post("/handover/fill", { desk: code });
      if (found.sha256) {
        held = found;
        keep(found.texts);
      } else say("failed", true, found.error || "");
    } catch (problem) {
      say("failed", true, problem.message || String(problem));
    }
    busy = false;
    draw();
  }

  const prepare = () => command("hand_over", { sha256: held.sha256, shift: held.page.shift ? held.page.shift.end_ms : 0, critical: held.page.critical });

  async function accept() {
    const done = await command("take_post", { sha256: held.sha256, ticked: Array.from(ticked) });
    if (done) {
      held = null;
      untick();
      draw(true);
    }
  }

  async function note(event) {
    event.preventDefault();
    const field = wf.$("ho-note-text");
    const text = field.value.trim();
    if (text && (await command("note_shift", { text }))) field.value = "";
  }

  async function move(event) {
    event.preventDefault();
    const scope = wf.$("ho-scope").value.trim();
    const to = wf.$("ho-to").value.trim();
    if (await command("move_scope", { scope, to })) wf.$("ho-scope").value = wf.$("ho-to").value = "";
  }

  // -- drawing

  function draw(anew) {
    wf.flag(document.documentElement, "ready", now !== null || Boolean(failed));
    choose(anew);
    const title = now && code ? wf.both(page().title, code) : wf.t("handover_title");
    wf.text(wf.$("ho-title"), title);
    document.title = `${wf.t("handover_title")} · ${title} · watchfloor`;
    const here = Boolean(now && code && !failed);
    wf.flag(wf.$("handover"), "empty", !here);
    wf.flag(wf.$("handover"), "held", Boolean(held));
    facts(here);
    papers(here);
    sign(here);
    if (!here) return;
    for (const name of Object.keys(TABLES)) table(name);
    moved();
  }

  // Replace what is in a node when it would be another.
  function put(node, key, make) {
    const next = JSON.stringify([wf.lang, key]);
    if (!node || node.dataset.key === next) return;
    node.dataset.key = next;
    node.replaceChildren(...make());
  }

  // Who did something: here a name is wanted, or the account itself; that somebody has it is not enough.
  const person = (id) => (!id ? "" : wf.ownerName(id) === wf.t("owner_taken") ? id : wf.ownerName(id));

  const zone = () => page().zone || undefined;
  const when = (ms) => wf.moment(ms, zone());
  const place = (place) => wf.both(page().places[place], place);

  function choose() {
    const desks = now ? now.desks : [];
    put(wf.$("ho-choose"), [desks, code], () => {
      const known = desks.some((desk) => desk.code === code);
      const list = wf.el(
        "select",
        { id: "ho-desk", class: "ho-input", "aria-label": wf.t("handover_desk"), onchange: (event) => event.target.value && go(event.target.value) },
        wf.el("option", { value: "" }, wf.t("handover_choose")),
        ...desks.map((desk) => wf.el("option", { value: desk.code, selected: desk.code === code }, `${wf.both(desk.title)} ${desk.code}`)),
        code && !known ? wf.el("option", { value: code, selected: true }, code) : null
      );
      const field = wf.el("input", { id: "ho-code", class: "ho-input", inputmode: "numeric", maxlength: 15, placeholder: wf.t("handover_code"), "aria-label": wf.t("handover_code"), autocomplete: "off" });
      const look = wf.el("form", { class: "ho-look", onsubmit: (event) => (event.preventDefault(), go(field.value.trim())) }, field, wf.el("button", { class: "button", type: "submit" }, wf.t("handover_open")));
      return [list, look];
    });
  }

  function go(desk) {
    const query = new URLSearchParams(location.search);
    query.set("desk", desk);
    history.pushState(null, "", `${location.pathname}?${query}`);
    take();
    draw(true);
  }

  function facts(here) {
    const p = here ? page() : null;
    put(wf.$("ho-facts"), p ? [p.shift, p.filled_ms, p.load, p.zone, failed] : failed, () => {
      if (failed) return [wf.el("p", { class: "ho-bad" }, wf.words.has(failed) ? wf.t(failed) : wf.t("handover_unreachable", { reason: failed }))];
      if (!p) return [wf.el("p", { class: "quiet" }, wf.t("handover_none"))];
      const shift = p.shift ? `${when(p.shift.start_ms)} – ${wf.time(p.shift.end_ms, zone()).slice(0, 5)}` : wf.t("handover_no_shift");
      const marks = ["■", "▲", "●", "◇"];
      const load = wf.el("span", { class: "ho-load" }, ...p.load.standing.map((n, i) => wf.el("span", { "data-priority": i + 1, title: wf.t(`priority_${i + 1}`) }, `${marks[i]} ${n}`)));
      return [
        fact("handover_shift", shift),
        fact("handover_filled", `${when(p.filled_ms)}${p.zone ? ` ${p.zone}` : ""}`),
        fact("handover_standing", load),
        fact("handover_in_shift", String(p.load.in_shift)),
        fact("handover_unacked", String(p.load.unacked)),
      ];
    });
  }

  const fact = (key, value) => wf.el("div", { class: "ho-fact" }, wf.el("span", { class: "label" }, wf.t(key)), wf.el("span", { class: "value" }, value));

  function papers(here) {
    const last = here && now.state && now.state.last;
    const name = here ? (held ? held.sha256 : last ? last.sha256 : "") : null;
    put(wf.$("ho-papers"), name, () => {
      if (name === null) return [];
      if (!name) return [wf.el("span", { class: "quiet" }, wf.t("handover_export_hint"))];
      return ["pdf", "csv"].map((kind) => wf.el("a", { class: "button ho-paper", id: `ho-${kind}`, href: `/handover.${kind}?sha256=${name}&lang=${wf.lang}`, download: "" }, wf.t(`handover_${kind}`)));
    });
  }

  function sign(here) {
    const waiting = here ? open() : null;
    wf.text(wf.$("ho-state"), here ? wf.t(waiting ? (waiting.late ? "handover_late" : "handover_waits") : held ? "handover_frozen" : "handover_live") : "");
    wf.flag(wf.$("ho-state"), "state", waiting ? (waiting.late ? "late" : "waits") : held ? "held" : "live");
    wf.text(wf.$("ho-print"), here && held ? `${wf.t("handover_print")} ${held.sha256.replace(/(.{8})(?=.)/g, "$1 ")}` : "");
    const text = said.key ? wf.t(said.key, { reason: said.text }) : "";
    wf.text(wf.$("ho-said"), text);
    wf.flag(wf.$("ho-said"), "state", said.bad ? "bad" : "ok");
    const signer = here && may(SIGNERS);
    const offline = wf.live.state !== "open";
    const own = Boolean(waiting && mine(waiting.by));
    const critical = waiting ? waiting.critical : [];
    const all = critical.every((id) => ticked.has(id));
    put(wf.$("ho-steps"), [here, held && held.sha256, waiting, signer, busy, offline, own, ticked.size, waiting && person(waiting.by)], () => {
      if (!here) return [];
      if (!signer) return [wf.el("p", { class: "quiet" }, wf.t(wf.me.state === "wall" ? "handover_wall_note" : "handover_why_no_role"))];
      const fresh = !waiting && !held;
      const first = wf.el(
        "div",
        { class: "ho-step", "data-done": Boolean(waiting) },
        wf.el("h3", {}, wf.t("handover_step_1")),
        waiting ? wf.el("p", {}, wf.t("handover_prepared", { who: person(waiting.by), time: when(waiting.at_ms) })) : wf.el("p", { class: "quiet" }, wf.t("handover_hint_fill")),
        wf.el(
          "div",
          { class: "act-row" },
          wf.el("button", { id: "ho-fill", class: fresh ? "act main" : "act", type: "button", disabled: busy || offline, onclick: fill }, wf.t(fresh ? "handover_fill" : "handover_fill_again")),
          held && (!waiting || held.sha256 !== waiting.sha256) ? wf.el("button", { id: "ho-prepare", class: "act main", type: "button", disabled: busy || offline, onclick: prepare }, wf.t("handover_prepare")) : null
        )
      );
      const hint = own ? "handover_hint_other" : !all ? "handover_hint_ticks" : "";
      const second = wf.el(
        "div",
        { class: "ho-step" },
        wf.el("h3", {}, wf.t("handover_step_2")),
        waiting && critical.length ? wf.el("p", {}, wf.t("handover_ticks", { n: critical.filter((id) => ticked.has(id)).length, all: critical.length })) : null,
        waiting && hint ? wf.el("p", { class: "quiet" }, wf.t(hint)) : null,
        wf.el("div", { class: "act-row" }, wf.el("button", { id: "ho-accept", class: "act main", type: "button", disabled: busy || offline || !waiting || own || !all || !held || held.sha256 !== waiting.sha256, onclick: accept }, wf.t("handover_accept")))
      );
      return [first, second];
    });
    const last = here && now.state && now.state.last;
    const names = last ? [person(last.prepared_by), person(last.accepted_by)] : [];
    put(wf.$("ho-last"), [here, last, names], () => {
      if (!here) return [];
      if (!last) return [wf.t("handover_never")];
      return [
        wf.el("strong", {}, wf.t("handover_previous")),
        wf.el("p", {}, wf.t("handover_prepared", { who: names[0], time: when(last.prepared_ms) })),
        wf.el("p", {}, wf.t("handover_accepted", { who: names[1], time: when(last.accepted_ms) })),
        wf.el("p", { class: "ho-print" }, last.sha256.slice(0, 16)),
      ];
    });
    const note_off = !signer || busy || offline;
    wf.$("ho-note-add").disabled = note_off;
    wf.show(wf.$("ho-note"), signer);
  }

  const word = (text) => {
    if (!text) return "";
    if (!text.startsWith("sealed:")) return text;
    return texts.has(text) ? texts.get(text) : wf.t(unknown.has(text) || held ? "handover_erased" : "handover_sealed");
  };

  function matter(row) {
    const category = row.category ? wf.both(page().categories[row.category], row.category) : row.feed ? wf.feedName(row.feed) : "";
    return [row.kind ? wf.t(wf.words.has(`kind_${row.kind}`) ? `kind_${row.kind}` : row.kind) : row.step ? wf.t(wf.words.has(`step_${row.step}`) ? `step_${row.step}` : row.step) : "", category].filter(Boolean).join(" · ");
  }

  function mark(row) {
    const symbols = ["", "■", "▲", "●", "◇"];
    return wf.el("span", { class: "ho-priority", "data-priority": row.priority, title: wf.t(`priority_${row.priority}`) }, `${symbols[row.priority]} ${wf.t(`priority_${row.priority}`)}`);
  }

  const CELLS = {
    tick: (row) => tick(row),
    priority: mark,
    matter,
    place: (row) => wf.el("span", { title: row.place }, place(row.place)),
    age: (row) => wf.span(page().filled_ms - row.raised_ms),
    due_at: (row) => (row.due_ms === null ? "" : when(row.due_ms)),
    left: (row) => wf.span(row.due_ms - page().filled_ms),
    who: (row) => person(row.by || row.acked_by || row.account) || row.assignee || "",
    owner: (row) => (row.acked_by ? person(row.acked_by) : wf.el("strong", { class: "ho-nobody" }, wf.t("no_owner"))),
    state: (row) => [wf.t(`state_${row.state}`), row.rule && wf.t(wf.words.has(`kind_${row.rule}`) ? `kind_${row.rule}` : row.rule)].filter(Boolean).join(": "),
    until: (row) => (row.until_ms === null ? wf.t("handover_open_end") : when(row.until_ms)),
    why: (row) => [row.why, row.reference].filter(Boolean).map(word).join(" · "),
    text: (row) => word(row.text),
    time: (row) => when(row.t_ms),
    worker: (row) => wf.workerName(row.worker),
    stand_in: (row) => wf.workerName(row.stand_in) || wf.t("unknown"),
    last: (row) => (row.last_ms ? when(row.last_ms) : wf.t("unknown")),
    case: (row) => row.case,
    hash: (row) => row.hash.slice(0, 16),
    id: (row) => row.id,
    feed: (row) => `${wf.both(row.title, row.feed)} · ${wf.t(row.silent ? "feed_silent" : "handover_feed_late")}`,
  };

  const TABLES = {
    pressing: ["tick", "priority", "matter", "place", "age", "due_at", "owner"],
    aside: ["priority", "matter", "place", "state", "until", "who", "why"],
    due: ["case", "matter", "place", "due_at", "left", "who"],
    notes: ["time", "who", "text"],
    staff: ["place", "worker", "stand_in", "until"],
    feeds: ["feed", "last"],
    rule_changes: ["time", "hash"],
    replays: ["id"],
  };
  const HEADS = { tick: "handover_tick", owner: "owner", left: "handover_left", hash: "ops_rules", id: "case_id", feed: "feed" };

  // Only what the incoming shift must tick has a box, and only while a page waits for it.
  function tick(row) {
    const waiting = open();
    if (!waiting || !waiting.critical.includes(row.id)) return "";
    const can = may(SIGNERS) && !mine(waiting.by);
    const box = wf.el("input", { type: "checkbox", class: "ho-tick", disabled: !can, checked: ticked.has(row.id), "aria-label": `${wf.t("handover_tick")}: ${place(row.place)}, ${matter(row)}` });
    box.addEventListener("change", () => {
      if (box.checked) ticked.add(row.id);
      else ticked.delete(row.id);
      sign(true);
    });
    return box;
  }

  function table(name) {
    const rows = page().tables[name];
    const more = page().more[name] || 0;
    const waiting = open();
    const columns = TABLES[name].filter((column) => column !== "tick" || (waiting && waiting.critical.length));
    wf.text(wf.$(`ho-count-${name}`), rows.length + more ? wf.number(rows.length + more) : "");
    const shown = rows.map((row) => columns.map((column) => (column === "tick" ? row.id : textOf(CELLS[column](row)))));
    put(wf.$(`ho-table-${name}`), [columns, shown, more, waiting && waiting.by, wf.me.account, readings], () => {
      if (!rows.length) return [wf.el("p", { class: "quiet" }, wf.t(name === "staff" ? "handover_no_staff" : "handover_nothing"))];
      const heads = columns.map((column) => wf.el("th", { class: `hc-${column}`, scope: "col" }, wf.t(HEADS[column] || `handover_${column}`)));
      const lines = rows.map((row) => wf.el("tr", { "data-priority": row.priority || null }, ...columns.map((column) => wf.el("td", { class: `hc-${column}` }, CELLS[column](row)))));
      const rest = more ? [wf.el("p", { class: "quiet" }, wf.t("handover_more", { n: more }))] : [];
      return [wf.el("table", { class: "ho-rows" }, wf.el("thead", {}, wf.el("tr", {}, ...heads)), wf.el("tbody", {}, ...lines)), ...rest];
    });
  }

  const textOf = (cell) => (typeof cell === "string" ? cell : cell.textContent + (cell.title || ""));

  // The desk's parts and the desks near it, each code with its name.
  async function offer([scopes, desks]) {
    const fill = (list, rows) => list.replaceChildren(...rows.map(([value, text]) => wf.el("option", { value }, text)));
    const of = code;
    const parts = await wf.desk.plans.parts(of).catch(() => []); // where the map is not to be had, codes are typed
    const choices = await wf.desk.plans.choices(of);
    fill(scopes, parts);
    fill(desks, choices.filter(([value]) => value !== of));
  }

  function moved() {
    const now_moved = Object.entries((now.state && now.state.moved) || {});
    const can = may(["supervisor"]) && wf.live.state === "open";
    const taken = page().taken;
    const names = now_moved.map(([scope, one]) => [wf.placeName(scope), wf.placeName(one.to), person(one.by)]);
    put(wf.$("ho-table-moved"), [now_moved, taken, can, busy, names], () => {
      const lines = now_moved.map(([scope, one], index) =>
        wf.el("li", {}, `${names[index][0]} ${scope} → ${names[index][1]} ${one.to} · ${names[index][2]}, ${when(one.since_ms)}`, can ? wf.el("button", { class: "act small", type: "button", disabled: busy, onclick: () => command("move_scope", { scope, to: code }) }, wf.t("handover_move_back")) : null)
      );
      const others = taken.map((one) => wf.el("li", {}, `${wf.t("handover_taken")}: ${place(one.scope)} ${one.scope} ← ${place(one.desk)}`));
      return lines.length + others.length ? [wf.el("ul", { class: "ho-moved" }, ...lines, ...others)] : [wf.el("p", { class: "quiet" }, wf.t("handover_nothing"))];
    });
    const form = wf.$("ho-move-form");
    wf.show(form, can);
    put(form, [can, code], () => {
      const field = (id, key) => wf.el("input", { id, class: "ho-input", maxlength: 15, required: true, autocomplete: "off", list: `${id}-list`, placeholder: wf.t(key), "aria-label": wf.t(key) });
      const lists = ["ho-scope", "ho-to"].map((id) => wf.el("datalist", { id: `${id}-list` }));
      if (can) offer(lists);
      return [field("ho-scope", "handover_move_scope"), field("ho-to", "handover_move_to"), ...lists, wf.el("button", { class: "act", type: "submit" }, wf.t("handover_move_do"))];
    });
  }
})();
