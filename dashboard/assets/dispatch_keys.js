// Keys: every one shown in its button, each can be another one, and all single keys can be switched off (WCAG 2.1.4).
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});

  const START = {
    down: "j", up: "k", open: "Enter", ack: "a", ack_selected: "A", unack: "u", accept: "y", assign: "g", shelve: "s", service: "o", escalate: "e", down_level: "d",
    give_back: "r", park: "p", merge: "f", close_case: "c", note: "n", claim: "i", select: "x", map: "m", refresh: ".", undo: "z", bar: "/", shelved: "l", help: "?",
  }; // prettier-ignore
  const OF_ACTION = {
    accept: "accept", assign: "assign", hand_up: "escalate", hand_down: "down_level", note: "note", merge: "merge", close: "close_case", feed_back: "close_case",
    done: "close_case", return: "give_back", send_back: "give_back", redo: "give_back", not_passed: "give_back", park: "park", resume: "park",
  }; // prettier-ignore
  const ROW = ["down", "open", "ack", "accept", "assign", "shelve", "escalate", "note", "select", "merge", "claim", "map", "refresh", "bar", "help"];

  const keys = (desk.keys = { version: 0, on: true });
  let map = { ...START };
  let row_drawn = "";

  const shape = (key) => ({ Enter: "⏎", " ": "␣", ArrowUp: "↑", ArrowDown: "↓" })[key] || (key.length === 1 && key !== key.toLowerCase() ? `⇧${key.toLowerCase()}` : key);
  keys.shown = (name) => (keys.on && map[name] ? shape(map[name]) : "");
  keys.ofAction = (action) => (OF_ACTION[action] ? keys.shown(OF_ACTION[action]) : "");

  const RUN = {
    down: () => desk.queue.move(1),
    up: () => desk.queue.move(-1),
    open: () => desk.open(),
    select: () => desk.queue.pick(),
    map: () => desk.map.toggle(),
    refresh: () => desk.queue.refresh(),
    bar: () => desk.bar.open(),
    help: () => help(),
    shelved: () => desk.views.go({ preset: desk.views.now().preset === "shelved" ? "all" : "shelved" }),
    down_level: () => desk.verbs.down(),
  };

  keys.start = function () {
    take();
    desk.kept.onChange((kind) => kind === "keys" && take());
    document.addEventListener("keydown", press, true);
  };

  function take() {
    const kept = desk.kept.of("keys") || {};
    keys.on = kept.on !== false;
    for (const name of Object.keys(START)) if (typeof (kept.map || {})[name] === "string") map[name] = kept.map[name];
    keys.version += 1;
  }

  function press(event) {
    if (desk.dialogs.open()) return; // the dialog has its own
    if (event.key === "Escape") return escape(event);
    if (event.target.closest("input:not([type=checkbox]), textarea, select") || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!keys.on) return;
    const name = Object.keys(map).find((one) => map[one] === event.key);
    if (!name) return;
    if (name === "open" && event.target.closest("button, a, summary, input") && !event.target.closest("#queue-box")) return; // Enter is the button's there
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat && name !== "down" && name !== "up") return; // a held key is one press
    (RUN[name] || desk.verbs[name])();
  }

  // Back: from the bar or the detail into the list, where a claim that came by opening ends.
  function escape(event) {
    const item = desk.item(desk.current);
    if (wf.$("command-bar").contains(document.activeElement)) desk.bar.close();
    else if (wf.$("queue-box").contains(document.activeElement)) {
      document.activeElement.blur();
      return;
    }
    if (item) desk.claims.release(item, true);
    if (desk.current) desk.queue.focus(desk.current);
    event.preventDefault();
  }

  keys.row = function () {
    const key = JSON.stringify([wf.lang, keys.version, keys.on]);
    if (key === row_drawn) return;
    row_drawn = key;
    const node = wf.$("key-row");
    if (!keys.on) return node.replaceChildren(wf.el("button", { type: "button", class: "act small", onclick: help }, wf.t("keys_off")));
    node.replaceChildren(...ROW.map((name) => wf.el("span", { class: "key" }, wf.el("kbd", {}, keys.shown(name)), ` ${wf.t(`key_${name}`)}`)));
    return undefined;
  };

  async function help() {
    const names = Object.keys(START);
    const inputs = names.map((name) => {
      const input = wf.el("input", { type: "text", class: "key-input", value: map[name], id: `key-${name}`, maxlength: 1, autocomplete: "off", "aria-label": wf.t(`key_${name}`) });
      input.addEventListener("keydown", (event) => {
        if (event.key === "Tab" || event.key === "Escape" || event.key === "Shift") return;
        event.preventDefault();
        event.stopPropagation();
        if (event.key.length === 1 || event.key === "Enter") input.value = event.key;
        if (event.key === "Backspace") input.value = START[name];
      });
      return [name, input];
    });
    const off = wf.el("input", { type: "checkbox", id: "keys-on", checked: keys.on });
    const head = [
      wf.el("label", { class: "option" }, off, wf.el("span", { class: "option-text" }, wf.t("keys_on"))),
      wf.el("div", { class: "key-table" }, ...inputs.map(([name, input]) => wf.el("label", { class: "key-line" }, input, ` ${wf.t(`key_${name}`)}`))),
      wf.el("p", { class: "dialog-note" }, wf.t("bar_help")),
    ];
    const given = await desk.dialogs.fields({ title: wf.t("help_title"), fields: [], head, note: wf.t("help_note"), submit: wf.t("save") });
    if (!given) return;
    const next = {};
    for (const [name, input] of inputs) next[name] = input.value;
    const twice = Object.values(next).filter((one, index, all) => all.indexOf(one) !== index);
    if (twice.length) return desk.toast({ state: "failed", text: wf.t("keys_twice", { key: twice[0] }) });
    map = next;
    keys.on = off.checked;
    keys.version += 1;
    desk.kept.put("keys", { on: keys.on, map });
    desk.paint();
    return undefined;
  }
})();
