// How an account has arranged its desk: panes, keys, own views, and the views that the desk's people share. They go with the
// account to every browser; this one remembers them too, for the moment before the answer and for whoever has no account.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const KINDS = ["panes", "keys", "views"];
  const SEND_AFTER_MS = 400;

  const kept = (desk.kept = { shared: [], shares: false });
  const here = (kind) => `wf.desk.${kind}.${wf.me.account || ""}`; // of each account: browsers are shared
  const listeners = [];
  const changed = new Set(); // kinds that somebody changed since the page began: no answer takes them back
  const unsent = new Set(); // of those, what the account does not have yet
  let own = {};
  let sending = 0;

  kept.of = (kind) => own[kind];
  kept.onChange = (listener) => listeners.push(listener);

  kept.start = function () {
    for (const kind of KINDS) own[kind] = remembered(kind);
    ask(wf.url.scope);
    window.addEventListener("pagehide", () => sending && send()); // who leaves within the moment has changed it all the same
    wf.onAddress((now, before) => {
      if (now.scope !== before.scope) ask(now.scope);
    });
  };

  // Kept here at once and with the account a moment later, what is changed in one go together.
  kept.put = function (kind, value) {
    own[kind] = value;
    changed.add(kind);
    unsent.add(kind);
    try {
      localStorage.setItem(here(kind), JSON.stringify(value));
    } catch (problem) {
      // with the account, or for this visit alone
    }
    if (wf.me.state !== "account") return;
    clearTimeout(sending);
    sending = setTimeout(send, SEND_AFTER_MS);
  };

  kept.share = (view) => share({ add: view }, wf.t("view_save"));
  kept.unshare = (name) => share({ remove: name }, wf.t("view_forget", { name }));

  async function share(change, what) {
    const answer = await wf.post("/arrangement/shared", { desk: wf.url.scope, ...change }).catch(() => ({ error: wf.t("kept_not") }));
    if (answer.error) return desk.toast({ state: "failed", text: wf.t("not_done", { what, reason: answer.error }) });
    kept.shared = answer.shared;
    return desk.paint();
  }

  async function send() {
    clearTimeout(sending);
    sending = 0;
    const kinds = Array.from(unsent);
    unsent.clear(); // another browser's newer keys are not undone by panes that are changed here
    const answer = await wf.post("/arrangement", Object.fromEntries(kinds.map((kind) => [kind, own[kind]])), { keepalive: true }).catch(() => ({ error: "" }));
    if (answer.error === undefined) return;
    for (const kind of kinds) unsent.add(kind); // they go with the next change
    desk.toast({ state: "failed", text: wf.t("kept_here") });
  }

  async function ask(scope) {
    if (wf.me.state !== "account") return;
    let said;
    try {
      said = await wf.ask(`/arrangement?desk=${scope}`);
    } catch (problem) {
      return; // as this browser remembers it
    }
    if (scope !== wf.url.scope) return;
    kept.shared = said.shared;
    kept.shares = said.shares;
    for (const kind of KINDS) {
      if (said.own[kind] === undefined || changed.has(kind)) continue;
      own[kind] = said.own[kind];
      for (const listener of listeners) listener(kind);
    }
    desk.paint();
  }

  function remembered(kind) {
    try {
      return JSON.parse(localStorage.getItem(here(kind))) || undefined;
    } catch (problem) {
      return undefined; // as it is at first
    }
  }
})();
