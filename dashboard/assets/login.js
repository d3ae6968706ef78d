// Signing in. The password goes to this host alone, and nowhere into the page.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});

  (wf.pages = wf.pages || {}).login = function () {
    const field = (id, key, type, complete) =>
      wf.el(
        "label",
        { class: "field" },
        wf.el("span", { class: "label", "data-t": key }, wf.t(key)),
        wf.el("input", { id, name: id, type, autocomplete: complete, required: true, maxlength: 200 })
      );
    const submit = wf.el("button", { id: "signin", class: "act main", type: "submit", "data-t": "signin" }, wf.t("signin"));
    const form = wf.$("login-form");
    form.replaceChildren(field("name", "signin_name", "text", "username"), field("password", "signin_password", "password", "current-password"), submit);
    // who comes back from the provider's page with nothing is told why, by a word of ours alone
    let said = new URLSearchParams(location.search).get("said") || "";
    if (!said.startsWith("signin_") || !wf.words.has(said)) said = "";
    const say = (key) => {
      said = key;
      wf.text(wf.$("login-said"), key ? wf.t(key) : "");
    };
    const note = () => wf.text(wf.$("login-note"), wf.t(wf.me && !wf.me.accounts ? "signin_none" : "signin_note"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      say("");
      try {
        const answer = await wf.post("/signin", { name: wf.$("name").value, password: wf.$("password").value });
        if (answer.ok) {
          location.assign(next());
          return;
        }
        say(answer.error && wf.words.has(answer.error) ? answer.error : "signin_failed");
      } catch (problem) {
        say("signin_failed");
      }
      submit.disabled = false;
      wf.$("password").value = "";
      wf.$("password").focus();
    });
    if (wf.me && wf.me.provider) {
      const link = wf.el("a", { class: "act", href: `/oidc/start?next=${encodeURIComponent(next())}`, "data-t": "signin_provider" }, wf.t("signin_provider"));
      form.after(link);
    }
    say(said);
    wf.onAddress(() => {
      say(said);
      note();
    });
    note();
    wf.$("name").focus();
  };

  // Back to where one came from: a path of this host, or the wall.
  function next() {
    const wanted = new URLSearchParams(location.search).get("next") || "/wall";
    return /^\/(?![/\\])/.test(wanted) ? wanted : "/wall";
  }
})();
