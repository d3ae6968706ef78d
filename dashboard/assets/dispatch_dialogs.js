// The one dialog of the desk: it asks for what an action needs. What it is about stays visible behind it, the first
// proposal is chosen already, Enter does it, Escape leaves everything as it is.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const LONGEST = 2000;
  const CLAIM_AFTER_MS = 2000; // who thinks longer than this is working on it: others should see it

  const dialogs = (desk.dialogs = {});
  let back = null; // what had the focus before
  let leave = null;

  dialogs.open = () => Boolean(wf.$("dialog") && wf.$("dialog").open);

  // Show a form. `fields` are {name, label, kind, needed, …}; resolves to what was given, or null.
  dialogs.fields = function ({ title, fields, submit, note, head, item, danger }) {
    return new Promise((resolve) => {
      const node = wf.$("dialog");
      if (dialogs.open()) close(null);
      back = document.activeElement;
      const say = wf.el("p", { class: "dialog-say", role: "alert" });
      const made = fields.map((field) => ({ field, ...build(field) }));
      const form = wf.el(
        "form",
        { class: "dialog-form", novalidate: true },
        wf.el("header", {}, wf.el("h2", { id: "dialog-title" }, title), item ? wf.el("p", { class: "dialog-about" }, `${wf.symbol(item.priority)}${item.priority} ${desk.title(item)} · ${desk.what(item)}`) : null),
        note ? wf.el("p", { class: "dialog-note" }, note) : null,
        ...(head || []),
        ...made.map((one) => one.node),
        say,
        wf.el(
          "footer",
          {},
          wf.el("button", { type: "button", class: "act", onclick: () => close(null) }, wf.t("cancel"), wf.el("kbd", {}, "Esc")),
          wf.el("button", { type: "submit", class: danger ? "act main danger" : "act main", id: "dialog-do" }, submit || title, wf.el("kbd", {}, "⏎"))
        )
      );
      const check = () => {
        const given = {};
        for (const { field, read, focus } of made) {
          const value = read();
          const needed = typeof field.needed === "function" ? field.needed(given) : field.needed;
          if (value === null || value === "" || (Array.isArray(value) && value.length < (field.least || 1))) {
            if (!needed) continue;
            wf.text(say, field.missing || wf.t("needed", { what: field.label }));
            focus();
            return null;
          }
          given[field.name] = value;
        }
        return given;
      };
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const given = check();
        if (given) close(given);
      });
      form.addEventListener("keydown", (event) => {
        // a text of several lines is sent by Ctrl-Enter; everything else by Enter
        const enter = event.key === "Enter" && !event.isComposing;
        const lines = event.target.tagName === "TEXTAREA" && !event.ctrlKey && !event.metaKey && event.shiftKey;
        if (enter && !lines && event.target.type !== "button") {
          event.preventDefault();
          form.requestSubmit();
        }
      });
      form.addEventListener("input", () => made.forEach((one) => one.again && one.again(made)));
      node.replaceChildren(form);
      node.oncancel = (event) => {
        event.preventDefault();
        close(null);
      };
      leave = resolve;
      node.showModal();
      made.forEach((one) => one.again && one.again(made));
      if (made.length) made[0].focus();
      else wf.$("dialog-do").focus();
      if (item && item.case) claim_slowly(item);
    });
  };

  function close(given) {
    const node = wf.$("dialog");
    node.close();
    node.replaceChildren();
    if (back && back.isConnected) back.focus();
    else if (desk.current) desk.queue.focus(desk.current);
    const resolve = leave;
    leave = null;
    if (resolve) resolve(given);
    desk.paint();
  }

  dialogs.shut = () => dialogs.open() && close(null);

  function claim_slowly(item) {
    const mine = leave;
    setTimeout(() => leave === mine && dialogs.open() && desk.claims.take(desk.item(item.id), true), CLAIM_AFTER_MS);
  }

  // --- fields

  let serial = 0;

  function build(field) {
    const id = `field-${++serial}`;
    const label = wf.el("label", { for: id, class: "field-label" }, field.label + (field.needed === true ? "" : ` (${wf.t("optional")})`));
    const kinds = { line, lines, number, choice, pick, several, radios, yes };
    return kinds[field.kind || "line"](field, id, label);
  }

  const wrap = (label, ...nodes) => wf.el("div", { class: "field" }, label, ...nodes);

  function line(field, id, label) {
    const input = wf.el("input", { id, type: "text", maxlength: field.longest || LONGEST, autocomplete: "off", value: field.value || "", list: field.list ? `${id}-list` : null });
    const list = field.list ? wf.el("datalist", { id: `${id}-list` }, ...field.list.map(([value, text]) => wf.el("option", { value }, text))) : null;
    return { node: wrap(label, input, list), read: () => input.value.trim(), focus: () => input.focus() };
  }

  function lines(field, id, label) {
    const input = wf.el("textarea", { id, rows: 3, maxlength: LONGEST });
    input.value = field.value || "";
    return { node: wrap(label, input), read: () => input.value.trim(), focus: () => input.focus() };
  }

  function number(field, id, label) {
    const input = wf.el("input", { id, type: "number", min: 0, step: "any", inputmode: "decimal", value: field.value || "" });
    return { node: wrap(label, input), read: () => (input.value && Number(input.value) > 0 ? Number(input.value) : null), focus: () => input.focus() };
  }

  function choice(field, id, label) {
    const input = wf.el("select", { id }, ...field.options.map(([value, text]) => wf.el("option", { value, selected: value === field.value }, text)));
    return { node: wrap(label, input), read: () => input.value, focus: () => input.focus() };
  }

  // One of a list by its name, or by its code: what is typed narrows the list, arrows go through it. `offer` lists anew.
  function pick(field, id, label) {
    const shown = ([value, text]) => (text === value ? value : `${text} · ${value}`);
    const list = wf.el("datalist", { id: `${id}-list` });
    const input = wf.el("input", { id, type: "text", maxlength: 200, autocomplete: "off", list: `${id}-list` });
    let options = [];
    field.offer = (next) => {
      options = next;
      list.replaceChildren(...options.map((one) => wf.el("option", { value: shown(one) })));
    };
    field.offer(field.options);
    input.value = field.value ? shown(options.find(([value]) => value === field.value) || [field.value, field.value]) : "";
    const read = () => {
      const typed = input.value.trim();
      const found = options.find((one) => shown(one) === typed) || options.find(([, text]) => text === typed);
      return found ? found[0] : typed;
    };
    input.addEventListener("focus", () => input.select());
    return { node: wrap(label, input, list), read, focus: () => input.focus(), again: field.again ? () => field.again(read()) : null };
  }

  function several(field, id, label) {
    const input = wf.el("textarea", { id, rows: 3, placeholder: wf.t("one_a_line") });
    return { node: wrap(label, input), read: () => Array.from(new Set(input.value.split("\n").map((text) => text.trim()).filter(Boolean))), focus: () => input.focus() };
  }

  function yes(field, id, label) {
    return radios({ ...field, options: [[true, wf.t("yes")], [false, wf.t("no")]] }, id, label); // prettier-ignore
  }

  // A list of which the first is chosen; `other` adds a line for what is not in it. `again` shows what hangs on the choice.
  function radios(field, id, label) {
    const inputs = field.options.map(([value, text, more, off], index) => {
      const input = wf.el("input", { type: "radio", name: id, id: index ? `${id}-${index}` : id, value: index, checked: index === (field.chosen || 0), disabled: off });
      return { input, value, node: wf.el("label", { class: "option", "data-off": Boolean(off) }, input, wf.el("span", { class: "option-text" }, text, more || null)) };
    });
    let typed = null;
    if (field.other) {
      typed = wf.el("input", { type: "text", id: `${id}-typed`, maxlength: 64, autocomplete: "off", "aria-label": field.other, value: field.typed || "" });
      const input = wf.el("input", { type: "radio", name: id, id: `${id}-other`, value: "other" });
      if (!inputs.length || field.typed) input.checked = true;
      typed.addEventListener("focus", () => ((input.checked = true), typed.dispatchEvent(new Event("input", { bubbles: true }))));
      inputs.push({ input, value: null, node: wf.el("label", { class: "option" }, input, wf.el("span", { class: "option-text" }, field.other, typed)) });
    }
    const chosen = () => inputs.find((one) => one.input.checked);
    const read = () => {
      const one = chosen();
      if (!one) return null;
      return one.value === null && typed ? typed.value.trim() : one.value;
    };
    const group = wf.el("fieldset", { class: "field options" }, wf.el("legend", { class: "field-label" }, field.label), ...inputs.map((one) => one.node), field.after || null);
    return { node: group, read, focus: () => (chosen() || inputs[0]).input.focus(), again: field.again ? () => field.again(read()) : null };
  }

  // --- what each action needs

  const NEED = {
    reason: () => ({ kind: "lines", label: wf.t("need_reason") }),
    text: () => ({ kind: "lines", label: wf.t("need_text") }),
    photo: () => ({ kind: "line", label: wf.t("need_photo"), longest: 200 }),
    code: (item, action) => ({ kind: "radios", label: wf.t("need_code"), options: Object.entries(action.outcomes || {}).map(([code, texts]) => [code, wf.both(texts, code)]) }),
    category: (item) => ({ kind: "choice", label: wf.t("need_category"), value: item.category, options: Object.keys(wf.rulebook.categories).map((code) => [code, wf.categoryName(code)]) }),
    departments: (item) => ({ kind: "several", label: wf.t("need_departments"), least: 2 }),
    parts: () => ({ kind: "several", label: wf.t("need_parts"), least: 2 }),
    amount: () => ({ kind: "number", label: wf.t("need_amount") }),
    satisfied: () => ({ kind: "yes", label: wf.t("need_satisfied") }),
    assignee: () => ({ kind: "line", label: wf.t("need_assignee"), longest: 64 }),
    case: () => ({ kind: "line", label: wf.t("need_case"), longest: 64 }),
  };

  dialogs.needs = async function (item, action) {
    const fields = action.needs.map((need) => ({ name: need, needed: true, ...NEED[need](item, action) }));
    const version = desk.versionOf(item, action.name); // of what is read while the form is filled
    const given = await dialogs.fields({ title: wf.both(action.title, action.name), fields, item, head: [elsewhere(item)] });
    if (given) desk.act(item, action.name, given, { version });
  };

  // Somebody else is at it: said in the dialog, where the hand is already on Enter.
  function elsewhere(item) {
    const other = item.claim && item.claim.account !== wf.me.account;
    return other ? wf.el("p", { class: "dialog-warn" }, wf.t("claimed_by", { who: desk.accountName(item.claim.account) })) : null;
  }

  // A sentence for a reason of a proposal, or for what speaks against it.
  desk.because = function (prefix, one) {
    const { key, ...params } = one;
    if (params.area) params.area = wf.placeName(params.area);
    if (params.distance_m !== undefined) params.distance = params.distance_m < 1000 ? wf.t("metres", { n: wf.number(params.distance_m) }) : wf.t("kilometres", { n: wf.number(params.distance_m / 1000, 1) });
    if (params.worker) params.worker = desk.assigneeName(params.worker);
    const word = `${prefix}_${key}`;
    return wf.words.has(word) ? wf.t(word, params) : `${key} ${Object.values(params).join(" ")}`.trim();
  };

  desk.proposalLines = function (one) {
    return wf.el(
      "span",
      { class: "because" },
      ...(one.reasons || []).map((reason) => wf.el("span", { class: "for" }, `+ ${desk.because("why", reason)}`)),
      ...(one.against || []).map((against) => wf.el("span", { class: "against" }, `− ${desk.because("against", against)}`))
    );
  };

  dialogs.assign = async function (item, wish) {
    if (!item.case) return desk.toast({ state: "note", text: wf.t("no_case_here") });
    let facts = desk.facts(item);
    if (!facts) {
      // pressed before the case's answer came: it is there in a moment
      wf.live.send({ type: "case", id: item.case });
      for (let wait = 0; wait < 40 && !(facts = desk.facts(item)); wait++) await new Promise((go) => setTimeout(go, 25));
    }
    const actions = ((facts || {}).actions || []).map((one) => one.name);
    const first = actions.includes("assign") ? "" : actions.includes("accept") ? "accept" : null;
    if (first === null) return desk.toast({ state: "note", text: wf.t("cannot_now", { what: desk.actionTitle(item, "assign") }) });
    const proposals = facts.proposals || [];
    for (const one of proposals) desk.name(one.to, desk.nameOf(one));
    const reason = { name: "reason", kind: "line", label: wf.t("why_not_proposed"), needed: (given) => Boolean(proposals.length && given.assignee !== proposals[0].to), missing: wf.t("why_not_needed") };
    const fields = [
      {
        name: "assignee", kind: "radios", needed: true, label: wf.t("need_assignee"), other: wf.t("somebody_else"),
        options: proposals.map((one) => [one.to, wf.el("strong", {}, `${desk.nameOf(one)} `, wf.el("small", {}, wf.t(`kind_of_${one.kind}`))), desk.proposalLines(one)]),
        chosen: Math.max(0, proposals.findIndex((one) => one.to === wish)), typed: wish && !proposals.some((one) => one.to === wish) ? wish : "",
        again: (chosen) => show_reason(Boolean(proposals.length && chosen !== proposals[0].to)),
      },
      reason,
    ]; // prettier-ignore
    const head = [elsewhere(item), first ? wf.el("p", { class: "dialog-note" }, wf.t("accepts_first")) : null, proposals.length ? null : wf.el("p", { class: "dialog-note" }, wf.t("no_proposals"))];
    let at = desk.versionOf(item, first || "assign");
    const given = await dialogs.fields({ title: wf.t("act_assign"), item, fields, head, submit: first ? wf.t("accept_and_assign") : wf.t("act_assign") });
    if (!given) return;
    given.proposed = proposals.map((one) => one.to).slice(0, 10);
    if (!given.proposed.length) delete given.proposed;
    if (first) {
      const accepted = await desk.act(item, "accept", {}, { version: at });
      if (!accepted.ok) return;
      at = accepted.version;
    }
    desk.act(item, "assign", given, { version: at });
  };

  function show_reason(shown) {
    const fields = wf.$("dialog").querySelectorAll(".dialog-form > .field");
    if (fields[1]) fields[1].hidden = !shown;
  }

  dialogs.merge = async function (item, wish) {
    const facts = desk.facts(item) || {};
    if (!desk.may(item, "merge")) return desk.toast({ state: "note", text: wf.t("cannot_now", { what: wf.t("act_merge") }) });
    const near = facts.duplicates || [];
    const fields = [{ name: "case", kind: "radios", needed: true, label: wf.t("merge_into"), other: wf.t("another_case"), options: near.map((one) => [one.case, desk.duplicateLine(item, one)]), chosen: Math.max(0, near.findIndex((one) => one.case === wish)) }];
    const version = desk.versionOf(item, "merge");
    const given = await dialogs.fields({ title: wf.t("act_merge"), item, fields, head: [elsewhere(item)], note: wf.t("merge_note") });
    if (given) desk.act(item, "merge", given, { version });
  };

  desk.duplicateLine = (item, one) => `${wf.placeName(one.grid)} · ${wf.categoryName(one.category)} · ${wf.t(one.distance_m === null ? "near_id" : "near", { m: wf.number(one.distance_m), min: wf.number(one.minutes) })} · ${desk.flowWord(item.feed, "step", one.step)} · ${one.case}`;

  // Notes go out when there is a line, and wait in sight when there is none.
  dialogs.note = async function (item) {
    const given = await dialogs.fields({ title: wf.t("act_note"), item, fields: [{ name: "text", kind: "lines", needed: true, label: wf.t("need_text") }], note: desk.off() ? wf.t("note_waits") : "" });
    if (given) desk.notes.add(item, given.text);
  };

  // --- shelving: a span by priority, a reason by its code, and words

  const SPANS = [[900, "for_15m"], [3600, "for_1h"], [14400, "for_4h"], [0, "for_shift"]]; // prettier-ignore
  const AT_MOST_S = { 1: 900, 2: 14400, 3: 28800, 4: 28800 }; // no longer than the fold allows
  const REASONS = ["noise", "known", "planned", "elsewhere", "other"];
  const LEAST_S = 60; // what the end of a shift that is a moment away still shelves for

  dialogs.shelve = async function (item, wish) {
    const open = desk.alertsOf(item).filter((alert) => alert.state !== "normal");
    const shelved = open.filter((alert) => alert.shelved_until_ms);
    if (!open.length) return desk.toast({ state: "note", text: wf.t("nothing_to_shelve") });
    if (shelved.length === open.length) {
      for (const alert of shelved) desk.alertAct(item, alert, "unshelve");
      return;
    }
    const most = AT_MOST_S[Math.min(...open.map((alert) => alert.priority))];
    // a town that lists no desk for this place says nothing of shifts
    const until = desk.plans.shift_left_s(desk.plans.mine(item.grid || (item.alert && item.alert.scope)), wf.fresh.now_ms());
    const left = until === null ? null : Math.max(LEAST_S, until);
    const own = wish && wish.seconds && !SPANS.some(([seconds]) => seconds === wish.seconds) ? [[wish.seconds, ""]] : [];
    const options = [...own, ...SPANS].filter(([seconds]) => seconds || left !== null).map(([seconds, key]) => {
      const span = seconds || left;
      const far = span > most;
      return [span, key ? `${wf.t(key)}${seconds ? "" : ` (${desk.hhmm(left * 1000)})`}` : wf.t("for_min", { n: Math.round(span / 60) }), far ? wf.el("small", {}, wf.t("too_long_for_priority")) : null, far];
    });
    const first = options.findIndex(([, , , far]) => !far);
    const wished = wish && wish.seconds ? options.findIndex(([span, , , far]) => span === wish.seconds && !far) : first;
    const fields = [
      { name: "for_s", kind: "radios", needed: true, label: wf.t("shelve_for"), options, chosen: wished < 0 ? first : wished },
      { name: "code", kind: "choice", needed: true, label: wf.t("shelve_code"), value: "noise", options: REASONS.map((name) => [name, wf.t(`shelve_${name}`)]) },
      { name: "reason", kind: "line", label: wf.t("need_reason"), longest: 200, value: (wish && wish.reason) || "", needed: (given) => given.code === "other" },
    ];
    const given = await dialogs.fields({ title: wf.t("shelve"), item, fields, note: open.some((alert) => alert.priority === 1) ? wf.t("critical_15m") : wf.t("shelve_note") });
    if (!given) return;
    const reason = [wf.t(`shelve_${given.code}`), given.reason].filter(Boolean).join(": ");
    for (const alert of open.filter((one) => !one.shelved_until_ms)) desk.alertAct(item, alert, "shelve", { for_s: Number(given.for_s), reason });
  };

  // --- out of service: for a ticket's time, or until somebody returns it

  const OUT_SPANS = [["open", "out_open"], [86400, "out_1d"], [604800, "out_7d"], [2592000, "out_30d"]]; // prettier-ignore

  dialogs.service = async function (item, wish) {
    const open = desk.alertsOf(item);
    if (!open.length || !wf.servicer()) return desk.toast({ state: "note", text: wf.t("nothing_to_take_out") });
    const out = open.filter((alert) => alert.out_since_ms);
    if (out.length === open.length) {
      for (const alert of out) desk.alertAct(item, alert, "return_to_service");
      return;
    }
    const seconds = wish && wish.seconds;
    const own = seconds && seconds <= 2592000 && !OUT_SPANS.some(([one]) => one === seconds) ? [[seconds, ""]] : [];
    const options = [...own, ...OUT_SPANS].map(([span, key]) => [span, key ? wf.t(key) : wf.t("for_min", { n: Math.round(span / 60) })]);
    const fields = [
      { name: "for_s", kind: "radios", needed: true, label: wf.t("out_for"), options, chosen: Math.max(0, options.findIndex(([span]) => span === seconds)) },
      { name: "reason", kind: "line", needed: true, label: wf.t("need_reason"), longest: 200, value: (wish && wish.reason) || "" },
      { name: "reference", kind: "line", label: wf.t("out_reference"), longest: 100 },
    ];
    const given = await dialogs.fields({ title: wf.t("out_of_service"), item, fields, note: wf.t("out_note") });
    if (!given) return;
    const more = { reason: given.reason, reference: given.reference || "", ...(given.for_s === "open" ? {} : { for_s: Number(given.for_s) }) };
    for (const alert of open.filter((one) => !one.out_since_ms)) desk.alertAct(item, alert, "out_of_service", more);
  };
})();
