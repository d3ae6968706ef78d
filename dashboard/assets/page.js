// The page itself: its address (scope, theme, language, replay, kiosk), small DOM builders, and starting what it holds.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const pages = (wf.pages = wf.pages || {}); // name → what starts it
  const listeners = [];

  wf.$ = (id) => document.getElementById(id);

  // Build an element. Texts become text nodes, whatever they hold; there is no way to markup from here.
  wf.el = function (tag, attributes, ...children) {
    const svg = ["svg", "path", "rect", "circle", "polyline", "polygon", "line"].includes(tag);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };

  // Write only what changed: a wall repaints each second, and a screen reader hears each change.
  wf.text = function (node, text) {
    if (node && node.textContent !== text) node.textContent = text;
  };
  wf.show = function (node, shown) {
    if (node && node.hidden === Boolean(shown)) node.hidden = !shown;
  };
  wf.flag = function (node, name, value) {
    if (node && node.dataset[name] !== String(value)) node.dataset[name] = String(value);
  };

  function readAddress() {
    const query = new URLSearchParams(location.search);
    const scope = query.get("scope") || "";
    const replay = query.get("replay") || "";
    return {
      scope: /^\d{0,15}$/.test(scope) ? scope : "",
      theme: query.get("theme") === "dim" ? "dim" : "light",
      lang: (query.get("lang") || "").toLowerCase().startsWith("zh") ? "zh-CN" : "en",
      replay: /^[A-Za-z0-9_-]{0,64}$/.test(replay) ? replay : "",
      kiosk: query.has("kiosk"),
    };
  }

  wf.url = readAddress();

  wf.address = function (changes) {
    const next = Object.assign({}, wf.url, changes);
    const query = new URLSearchParams(location.search);
    for (const name of ["scope", "replay"]) next[name] ? query.set(name, next[name]) : query.delete(name);
    query.set("theme", next.theme);
    query.set("lang", next.lang);
    return `${location.pathname}?${query.toString().replace(/kiosk=(?=&|$)/, "kiosk")}`;
  };

  // Change the address and what hangs on it. A new scope can be gone back from; a theme or language is the same view.
  wf.go = function (changes, silently) {
    const moved = !silently && "scope" in changes && changes.scope !== wf.url.scope;
    history[moved ? "pushState" : "replaceState"](null, "", wf.address(changes));
    apply();
  };

  wf.onAddress = (listener) => listeners.push(listener);

  function apply() {
    const before = wf.url;
    wf.url = readAddress();
    dress();
    for (const listener of listeners) listener(wf.url, before);
  }

  function dress() {
    const root = document.documentElement;
    wf.lang = wf.url.lang;
    root.lang = wf.url.lang;
    wf.flag(root, "theme", wf.url.theme);
    wf.flag(root, "kiosk", wf.url.kiosk);
    wf.flag(root, "replay", Boolean(wf.url.replay));
    for (const node of document.querySelectorAll("[data-t]")) wf.text(node, wf.t(node.dataset.t));
    for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", wf.t(node.dataset.label));
    const theme = wf.$("theme");
    if (theme) wf.text(theme, wf.t(wf.url.theme === "light" ? "theme_dim" : "theme_light"));
    who();
    for (const node of document.querySelectorAll("[data-title]")) {
      if (node.id !== "who") node.title = wf.t(node.dataset.title);
      // who speaks to a button says what stands on it, so its spoken name begins with that
      const [said, written] = [node.title, node.textContent.trim()];
      node.setAttribute("aria-label", said.includes(written) ? said : `${written}: ${said}`);
    }
    for (const link of document.querySelectorAll("a[data-to]")) link.href = elsewhere(link.dataset.to);
    document.title = `${wf.t(title())} · watchfloor`;
  }

  // Another page keeps the scope, the look and the replay; what else stands in the address is the page's own.
  function elsewhere(page) {
    const query = new URLSearchParams();
    for (const name of ["scope", "replay"]) if (wf.url[name]) query.set(name, wf.url[name]);
    query.set("theme", wf.url.theme);
    query.set("lang", wf.url.lang);
    return `/${page}?${query}`;
  }

  // A page has the word `NAME_title`; the wall's is that of the whole.
  function title() {
    const page = document.querySelector("[data-page]");
    const key = page ? `${page.dataset.page}_title` : "";
    return wf.words.has(key) ? key : "title";
  }

  // React lays the page out some time after this script runs; start when its element is there, once.
  async function begin() {
    const root = await found("[data-page]");
    for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
      try {
        await wf.words.load();
        break;
      } catch (problem) {
        await new Promise((go) => setTimeout(go, wait));
      }
    }
    if (!(await meet(root.dataset.page))) return;
    dress();
    const theme = wf.$("theme");
    const lang = wf.$("lang");
    const door = wf.$("who");
    if (door) door.addEventListener("click", () => (wf.me.state === "account" ? sign_out() : wf.sign_in()));
    if (theme) theme.addEventListener("click", () => wf.go({ theme: wf.url.theme === "light" ? "dim" : "light" }));
    if (lang) lang.addEventListener("click", () => wf.go({ lang: wf.url.lang === "en" ? "zh-CN" : "en" }));
    window.addEventListener("popstate", apply);
    pages[root.dataset.page]();
  }

  wf.me = { state: "open", name: "", roles: [] };

  // What pages know of rights; the fold decides. On a bare laptop nobody has a role, and whoever stands before it may.
  wf.servicer = () => wf.me.state === "open" || (wf.me.roles || []).some((one) => ["supervisor", "ops", "administrator"].includes(one.role));
  wf.scopes = () => (wf.me.roles || []).map((one) => one.scope).filter(Boolean).sort((a, b) => b.length - a.length); // nearest first

  // Who looks at this page; who must sign in first is led there. Without an answer the page asks again.
  async function meet(page) {
    for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
      try {
        wf.me = await wf.ask("/me");
        break;
      } catch (problem) {
        await new Promise((go) => setTimeout(go, wait));
      }
    }
    if (wf.me.state !== "none" || page === "login") return true;
    wf.sign_in();
    return false;
  }

  wf.sign_in = function () {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}&theme=${wf.url.theme}&lang=${wf.url.lang}`);
  };

  async function sign_out() {
    await wf.post("/signout", {});
    wf.sign_in();
  }

  function who() {
    const node = wf.$("who");
    if (!node) return;
    const mine = wf.me.state === "account";
    wf.show(node, wf.me.state !== "open");
    wf.text(node, mine ? wf.me.name : wf.t("signin"));
    node.title = wf.t(mine ? "signout" : "signin");
  }

  wf.ask = async function (path) {
    const answer = await fetch(path, { signal: AbortSignal.timeout(15000) });
    if (!answer.ok) throw new Error(`${path} ${answer.status}`);
    return answer.json();
  };

  wf.post = async function (path, body, how) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(15000), ...how });
    return answer.json();
  };

  function found(selector) {
    return new Promise((go) => {
      const look = () => {
        const node = document.querySelector(selector);
        if (node) {
          watch.disconnect();
          go(node);
        }
      };
      const watch = new MutationObserver(look);
      watch.observe(document.documentElement, { childList: true, subtree: true });
      look();
    });
  }

  wf.found = found;

  // A page that could not be laid out (the server went away in the middle) tries again by itself.
  setTimeout(() => document.querySelector("[data-page]") || location.reload(), 15000);

  document.documentElement.dataset.theme = wf.url.theme;
  document.documentElement.lang = wf.url.lang;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
