// Notes: sent when there is a line; without one they wait in this browser, in sight, and go out by themselves later.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const KEPT = "wf.desk.notes";
  const AGAIN_MS = 5000;

  const notes = (desk.notes = {});
  let sending = false;
  let wait_until = 0;

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEPT) || "[]");
    } catch (problem) {
      return [];
    }
  };
  // what a browser without storage cannot keep stays in the page
  let kept = read();
  const write = () => {
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept));
    } catch (problem) {
      // still in the page, and still shown
    }
  };

  notes.waiting = () => kept.filter((note) => note.account === wf.me.account);

  notes.add = function (item, text) {
    const message = { type: "act", id: wf.live.new_id(), action: "note", case: item.case, version: desk.versionOf(item, "note"), given: { text }, undoes: "", screen: "dispatch" };
    kept.push({ account: wf.me.account, title: desk.title(item), message, failed: "" });
    write();
    notes.send();
    desk.paint();
  };

  notes.send = async function () {
    if (sending || desk.off() || performance.now() < wait_until || !notes.waiting().some((one) => !one.failed)) return;
    sending = true;
    for (const note of notes.waiting().filter((one) => !one.failed)) {
      let answer = await wf.live.command(note.message);
      if (answer.code === "stale" && typeof answer.version === "number") {
        // a note is about the case, whatever became of it meanwhile; what was refused is not done, so it is a new command
        Object.assign(note.message, { id: wf.live.new_id(), version: answer.version });
        write();
        answer = await wf.live.command(note.message);
      }
      if (answer.lost || /not confirmed/.test(answer.reason || "")) {
        wait_until = performance.now() + AGAIN_MS; // the same id goes again
        break;
      }
      if (answer.ok) {
        kept = kept.filter((one) => one !== note);
        desk.toast({ state: "done", text: `${wf.t("act_note")} · ${note.title}` });
        desk.ask(note.message.case);
      } else note.failed = answer.reason || "?";
      write();
    }
    sending = false;
    desk.paint();
  };

  notes.draw = function () {
    const node = wf.$("notes-waiting");
    const mine = notes.waiting();
    const failed = mine.filter((note) => note.failed).length;
    wf.show(node, mine.length > 0);
    const key = `${mine.length} ${failed} ${wf.lang}`;
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    node.replaceChildren(wf.el("button", { type: "button", class: "act small", onclick: list }, failed ? wf.t("notes_failed", { n: failed }) : wf.t("notes_waiting", { n: mine.length })));
  };

  async function list() {
    const lines = notes.waiting().map((note) =>
      wf.el(
        "div",
        { class: "note-line" },
        wf.el("p", {}, wf.el("strong", {}, note.title), ` ${note.message.given.text}`),
        note.failed ? wf.el("p", { class: "against" }, wf.t("failed", { reason: note.failed })) : wf.el("p", { class: "quiet" }, wf.t("note_waits")),
        note.failed ? wf.el("button", { type: "button", class: "act small", onclick: () => drop(note) }, wf.t("note_drop")) : null
      )
    );
    const again = await desk.dialogs.fields({ title: wf.t("notes_title"), fields: [], head: lines, submit: wf.t("retry") });
    if (!again) return;
    for (const note of notes.waiting()) note.failed = "";
    notes.send();
  }

  function drop(note) {
    kept = kept.filter((one) => one !== note);
    write();
    desk.dialogs.shut();
  }

  notes.start = function () {
    // another tab of this browser may have sent them
    window.addEventListener("storage", (event) => {
      if (event.key === KEPT) kept = read();
    });
  };
})();
