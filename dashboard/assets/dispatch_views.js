// Saved views: a preset, words to filter by and an order, all in the address; own ones are the account's, shared ones the desk's.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const NAMES = ["all", "mine", "unowned", "due1h", "critical", "returned", "parked", "shelved"];
  const SORTS = ["urgency", "left", "newest", "place"];
  const MOST = 6;

  const views = (desk.views = { NAMES });
  let drawn = "";

  views.now = function () {
    const query = new URLSearchParams(location.search);
    const preset = query.get("view");
    const sort = query.get("sort");
    return { preset: NAMES.includes(preset) ? preset : "all", words: (query.get("q") || "").slice(0, 60), sort: SORTS.includes(sort) ? sort : "urgency" };
  };

  views.go = function (change) {
    const query = new URLSearchParams(location.search);
    const next = { view: change.preset, q: change.words, sort: change.sort };
    for (const [name, value] of Object.entries(next)) {
      if (value === undefined) continue;
      if (value === "" || value === "all" || value === "urgency") query.delete(name);
      else query.set(name, value);
    }
    history.replaceState(null, "", `${location.pathname}?${query}`);
    desk.queue.refresh();
  };

  const own = () => (Array.isArray(desk.kept.of("views")) ? desk.kept.of("views") : []);

  function save(name, shared) {
    const view = { name: name.slice(0, 24), ...views.now() };
    if (shared) desk.kept.share(view);
    else desk.kept.put("views", [...own().filter((one) => one.name !== view.name), view].slice(-MOST));
  }

  function forget(name) {
    desk.kept.put("views", own().filter((one) => one.name !== name));
    desk.paint();
  }

  views.draw = function () {
    const here = views.now();
    const now = wf.fresh.now_ms();
    const items = desk.items();
    const counts = NAMES.map((name) => items.filter((item) => desk.presets[name](item, now)).length);
    const saved = own();
    const key = JSON.stringify([here.preset, here.sort, counts, saved, desk.kept.shared, desk.kept.shares, wf.lang, desk.keys.shown("view_all")]);
    const field = wf.$("view-words");
    if (field && document.activeElement !== field && field.value !== here.words) field.value = here.words;
    if (key === drawn) return;
    drawn = key;
    const buttons = NAMES.map((name, index) =>
      wf.el(
        "button",
        { type: "button", class: "preset", "data-view": name, "aria-pressed": here.preset === name ? "true" : "false", onclick: () => views.go({ preset: name }) },
        wf.t(`view_${name}`),
        wf.el("span", { class: "n", "data-hot": name === "critical" && counts[index] > 0 }, String(counts[index]))
      )
    );
    const mine = saved.map((one) => starred(one, "★", () => forget(one.name)));
    const ours = desk.kept.shared.map((one) => starred(one, "⚑", desk.kept.shares ? () => desk.kept.unshare(one.name) : null));
    const focus = document.activeElement && document.activeElement.dataset && wf.$("presets").contains(document.activeElement) ? document.activeElement.dataset.view : "";
    wf.$("presets").replaceChildren(...buttons, ...mine, ...ours);
    const again = focus && wf.$("presets").querySelector(`[data-view="${focus}"]`);
    if (again) again.focus();
    filter(here);
  };

  const starred = (view, mark, forgets) =>
    wf.el(
      "span",
      { class: "own-view" },
      wf.el("button", { type: "button", class: "preset", title: mark === "⚑" ? wf.t("view_shared") : null, onclick: () => views.go(view) }, `${mark} ${view.name}`),
      forgets ? wf.el("button", { type: "button", class: "preset bare", "aria-label": wf.t("view_forget", { name: view.name }), onclick: forgets }, "✕") : null
    );

  function filter(here) {
    const node = wf.$("view-filter");
    if (node.contains(document.activeElement) && node.dataset.lang === wf.lang) return; // somebody is typing
    wf.flag(node, "lang", wf.lang);
    const words = wf.el("input", { id: "view-words", type: "search", value: here.words, maxlength: 60, autocomplete: "off", placeholder: wf.t("filter"), "aria-label": wf.t("filter"), oninput: (event) => views.go({ words: event.target.value }) });
    const sort = wf.el("select", { id: "view-sort", "aria-label": wf.t("sort"), onchange: (event) => views.go({ sort: event.target.value }) }, ...SORTS.map((name) => wf.el("option", { value: name, selected: here.sort === name }, wf.t(`sort_${name}`))));
    const keep = wf.el("button", { type: "button", class: "button", title: wf.t("view_save"), onclick: name }, "★ +");
    keep.setAttribute("aria-label", wf.t("view_save"));
    node.replaceChildren(words, sort, keep);
  }

  async function name() {
    const fields = [{ name: "name", label: wf.t("view_name"), kind: "line", needed: true, longest: 24 }];
    if (desk.kept.shares) fields.push({ name: "shared", label: wf.t("view_for"), kind: "radios", needed: true, chosen: 0, options: [["mine", wf.t("view_mine_alone")], ["desk", wf.t("view_shared")]] }); // prettier-ignore
    const given = await desk.dialogs.fields({ title: wf.t("view_save"), fields, note: wf.t("view_note"), submit: wf.t("save") });
    if (given) save(given.name, given.shared === "desk");
    desk.paint();
  }
})();
