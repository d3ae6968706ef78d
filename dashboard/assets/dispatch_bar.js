// The command bar: `/a 1204`, `/g 1204 wang`, `/s 1204 30m noise`, `/go 370102013006`, `/wall`, `/ho`. What is typed is
// shown as what it would do before Enter does it; names are found by the initials of their pinyin.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const MOST = 8;

  const bar = (desk.bar = {});
  let input = null;
  let box = null;
  let at = 0;
  let offers = [];

  bar.start = function () {
    input = wf.el("input", { id: "command", type: "text", autocomplete: "off", spellcheck: "false", maxlength: 200, role: "combobox", "aria-expanded": "false", "aria-controls": "command-offers", "aria-autocomplete": "list" });
    box = wf.el("ul", { id: "command-offers", class: "offers", role: "listbox", hidden: true });
    const form = wf.$("command-bar");
    form.replaceChildren(wf.el("label", { for: "command", class: "slash" }, "/"), input, box);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (offers[at]) run(offers[at]);
    });
    input.addEventListener("input", suggest);
    input.addEventListener("focus", suggest);
    input.addEventListener("blur", () => setTimeout(hide, 150));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        at = Math.max(0, Math.min(offers.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
        paint();
        event.preventDefault();
      } else if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        if (offers[at]) run(offers[at]);
      }
    });
    bar.dress();
  };

  bar.dress = function () {
    input.placeholder = wf.t("bar_hint");
    input.setAttribute("aria-label", wf.t("bar"));
    box.setAttribute("aria-label", wf.t("bar"));
  };

  bar.open = function () {
    input.focus();
    input.select();
    suggest();
  };

  bar.close = function () {
    input.value = "";
    hide();
    if (desk.current) desk.queue.focus(desk.current);
    else input.blur();
  };

  function hide() {
    wf.show(box, false);
    input.setAttribute("aria-expanded", "false");
  }

  function run(offer) {
    if (!offer.run) return;
    input.value = "";
    hide();
    input.blur();
    offer.run();
  }

  // --- what the words mean

  // The cases whose number ends with, or has in it, what was typed; the best first.
  function cases(word) {
    if (!word) return desk.current && desk.item(desk.current) ? [desk.item(desk.current)] : [];
    const text = word.toLowerCase();
    const found = desk.items().map((item) => [fit(item, text), item]).filter(([rank]) => rank < 9);
    return found.sort((a, b) => a[0] - b[0]).map(([, item]) => item).slice(0, MOST); // prettier-ignore
  }

  function fit(item, text) {
    const id = item.id.toLowerCase();
    if (id === text) return 0;
    if (id.endsWith(text)) return 1;
    if (id.includes(text)) return 2;
    if (text.length >= 6 && item.grid.startsWith(text)) return 3;
    return desk.names.rank(desk.title(item), text) < 9 ? 4 + desk.names.rank(desk.title(item), text) : 9;
  }

  // 30m, 1h, 45 → seconds
  desk.spanOf = function (word) {
    const match = /^(\d{1,3})(m|min|h|d|分|时|天)?$/i.exec(word || "");
    if (!match) return null;
    const seconds = Number(match[1]) * (/d|天/i.test(match[2] || "m") ? 86400 : /h|时/i.test(match[2] || "m") ? 3600 : 60);
    return seconds > 0 ? seconds : null;
  };

  function read(text) {
    const words = text.trim().replace(/^\//, "").split(/\s+/);
    const verb = words[0].toLowerCase();
    const rest = words.slice(1);
    const each = (word, title, run) => cases(word).map((item) => ({ text: `${title} · ${desk.title(item)} · ${desk.what(item)}`, hint: item.id, run: () => (look(item), run(item)) }));
    const GRAMMAR = {
      a: () => each(rest[0], wf.t("acknowledge"), (item) => desk.ack(item)),
      u: () => each(rest[0], wf.t("unacknowledge"), () => desk.verbs.unack()),
      g: () => (rest[1] ? assign(rest) : each(rest[0], wf.t("act_assign"), (item) => desk.dialogs.assign(item))),
      s: () => each(rest[0], wf.t("shelve"), (item) => desk.dialogs.shelve(item, { seconds: desk.spanOf(rest[1]), reason: rest.slice(desk.spanOf(rest[1]) ? 2 : 1).join(" ") })),
      o: () => each(rest[0], wf.t("out_of_service"), (item) => desk.dialogs.service(item, { seconds: desk.spanOf(rest[1]), reason: rest.slice(desk.spanOf(rest[1]) ? 2 : 1).join(" ") })),
      n: () => each(rest[0], wf.t("act_note"), (item) => desk.dialogs.note(item)),
      i: () => each(rest[0], wf.t("act_claim"), (item) => desk.claims.toggle(item)),
      go: () => places(rest.join(" ")),
      wall: () => [page("wall")],
      ho: () => [page("handover")],
      ops: () => [page("ops")],
      rep: () => [page("reports")],
      view: () => desk.views.NAMES.filter((name) => name.startsWith(rest[0] || "") || desk.names.rank(wf.t(`view_${name}`), rest[0] || "") < 9).map((name) => ({ text: `${wf.t("view")} · ${wf.t(`view_${name}`)}`, run: () => desk.views.go({ preset: name }) })),
    };
    if (!verb) return Object.keys(GRAMMAR).map((name) => ({ text: `/${name}  ${wf.t(`bar_${name}`)}`, run: null, fill: `${name} ` }));
    if (GRAMMAR[verb]) return GRAMMAR[verb]().slice(0, MOST);
    const verbs = Object.keys(GRAMMAR).filter((name) => name.startsWith(verb)).map((name) => ({ text: `/${name}  ${wf.t(`bar_${name}`)}`, run: null })); // prettier-ignore
    // no verb: a number or a name is looked for
    return verbs.concat(cases(verb).map((item) => ({ text: `${wf.t("look")} · ${desk.title(item)} · ${desk.what(item)}`, hint: item.id, run: () => look(item) }))).slice(0, MOST);
  }

  const look = (item) => desk.queue.focus(item.id);

  const page = (name) => ({ text: `${wf.t("open_page")} · ${wf.t(`to_${name}`)}`, run: () => location.assign(wf.$(`to-${name}`).href) });

  // Who could have it: proposals of the case, and who has cases of this list now.
  function assign([number, ...name]) {
    const [item] = cases(number);
    if (!item || !item.case) return [];
    const facts = desk.facts(item);
    if (!facts) wf.live.send({ type: "case", id: item.case });
    const known = new Map();
    for (const one of (facts && facts.proposals) || []) known.set(one.to, desk.nameOf(one));
    for (const other of desk.rows.values()) if (other.assignee) known.set(other.assignee, desk.assigneeName(other.assignee));
    for (const one of desk.names.duty) known.set(one.to, one.name || wf.workerName(one.to));
    const text = name.join(" ");
    const found = Array.from(known, ([to, title]) => ({ to, title, rank: Math.min(desk.names.rank(title, text), desk.names.rank(to, text)) })).filter((one) => one.rank < 9);
    found.sort((a, b) => a.rank - b.rank);
    return found.map((one) => ({ text: `${wf.t("act_assign")} · ${desk.title(item)} → ${one.title}`, hint: one.to, run: () => (look(item), give(item, one.to)) }));
  }

  function give(item, to) {
    const facts = desk.facts(item);
    const proposals = (facts && facts.proposals) || [];
    // another one than the proposed needs a reason, which the dialog asks for
    if (!desk.may(item, "assign") || (proposals.length && proposals[0].to !== to)) desk.dialogs.assign(item, to);
    else desk.act(item, "assign", { assignee: to, ...(proposals.length ? { proposed: proposals.map((one) => one.to) } : {}) });
  }

  function places(text) {
    const codes = new Map();
    for (const item of desk.items()) codes.set(item.grid, wf.placeName(item.grid));
    for (const area of (desk.map.geometry && desk.map.geometry.areas) || []) codes.set(area.code, wf.placeName(area.code));
    const here = /^\d{2,15}$/.test(text) && [2, 4, 6, 9, 12, 15].includes(text.length) ? [{ text: `${wf.t("go_to")} · ${wf.placeName(text)}`, hint: text, run: () => desk.map.go(text) }] : [];
    const found = Array.from(codes, ([code, name]) => ({ code, name, rank: code.startsWith(text) && text ? 0 : desk.names.rank(name, text) })).filter((one) => one.rank < 9);
    found.sort((a, b) => a.rank - b.rank || (a.code < b.code ? -1 : 1));
    return here.concat(found.map((one) => ({ text: `${wf.t("go_to")} · ${one.name}`, hint: one.code, run: () => desk.map.go(one.code) })));
  }

  function suggest() {
    desk.names.learn();
    offers = read(input.value);
    at = 0;
    paint();
  }
  bar.again = () => document.activeElement === input && suggest();
  bar.read = read;

  function paint() {
    const lines = offers.length ? offers : [{ text: wf.t("bar_nothing"), run: null }];
    box.replaceChildren(
      ...lines.map((offer, index) =>
        wf.el("li", { role: "option", id: `offer-${index}`, "aria-selected": index === at && Boolean(offer.run) ? "true" : "false", "data-none": !offer.run, onmousedown: (event) => (event.preventDefault(), offer.fill ? ((input.value = offer.fill), suggest()) : run(offer)) }, wf.el("span", {}, offer.text), offer.hint ? wf.el("span", { class: "quiet" }, ` ${offer.hint}`) : null)
      )
    );
    if (offers[at]) input.setAttribute("aria-activedescendant", `offer-${at}`);
    wf.show(box, true);
    input.setAttribute("aria-expanded", "true");
  }
})();
