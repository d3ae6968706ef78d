// The live feed: our own socket to the gateway. A ticket before each connect, snapshot then changes, endless capped
// back-off with jitter, and a watchdog, because a socket that says nothing looks exactly like a quiet town.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});

  const FIRST_WAIT_MS = 400;
  const LONGEST_WAIT_MS = 5000; // "right again by itself within 30 s": five tries at the least
  const OPEN_WITHIN_MS = 6000;
  const SILENT_MS = 10000; // ten heartbeats missed: the line is dead, whatever TCP says
  const ANSWER_WITHIN_MS = 6000;
  const BEATS_BEHIND = 5; // a slow line may be a few behind; it is sent what it missed as one

  const live = (wf.live = {
    state: "connecting", // connecting | open | lost
    reason: "",
    epoch: null,
    seq: null,
    heard_at: null, // performance.now() of the last heartbeat
    beat: null, // that heartbeat
  });
  let socket = null;
  let wait = FIRST_WAIT_MS;
  let spoken = 0;
  let attempt = 0;
  let timer = null;
  let behind = 0; // heartbeats in a row that knew of a newer version
  let on = {};
  const asked = new Map(); // command id → {resolve, timer}

  live.start = function (handlers) {
    on = handlers;
    setInterval(watch, 1000);
    window.addEventListener("online", () => again(0));
    document.addEventListener("visibilitychange", () => document.hidden || live.state === "open" || again(0));
    connect();
  };

  live.view_lost = function () {
    live.epoch = live.seq = null;
  };

  live.send = function (message) {
    if (!socket || socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };

  // Ask for the whole view again: what came does not fit what is shown.
  live.resync = function (reason) {
    live.view_lost();
    drop(reason);
  };

  live.scope = function (scope) {
    live.view_lost();
    live.send({ type: "scope", scope });
  };

  // Send a command; resolves to {ok, reason}. The same id may be sent again: the floor answers it again, and does it once.
  live.command = function (message) {
    return new Promise((resolve) => {
      if (!live.send(Object.assign({ type: "command" }, message))) {
        resolve({ ok: false, reason: wf.t("not_connected"), lost: true });
        return;
      }
      const late = setTimeout(() => {
        asked.delete(message.id);
        resolve({ ok: false, reason: wf.t("no_answer"), lost: true });
      }, ANSWER_WITHIN_MS);
      asked.set(message.id, { resolve, late });
    });
  };

  live.new_id = function () {
    if (crypto.randomUUID) return crypto.randomUUID();
    // an address that is not local has no randomUUID without TLS
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    const hex = Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  async function connect() {
    const mine = ++attempt;
    clearTimeout(timer);
    timer = null;
    let ticket;
    try {
      const answer = await fetch("/ticket", { cache: "no-store", signal: AbortSignal.timeout(OPEN_WITHIN_MS) });
      if (answer.status === 401) return wf.sign_in(); // the sign-in is over
      if (!answer.ok) throw new Error(String(answer.status));
      ticket = await answer.json();
    } catch (problem) {
      if (mine === attempt) again();
      return;
    }
    if (mine !== attempt) return;
    try {
      socket = new WebSocket(ticket.gateway);
    } catch (problem) {
      again();
      return;
    }
    const here = socket;
    const late = setTimeout(() => here.readyState === WebSocket.CONNECTING && here.close(), OPEN_WITHIN_MS);
    here.onopen = () => {
      clearTimeout(late);
      spoken = performance.now();
      here.send(
        JSON.stringify({
          type: "hello",
          token: ticket.token,
          scope: wf.url.scope,
          epoch: live.epoch,
          seq: live.seq,
          replay: wf.url.replay,
        })
      );
      if (on.greeted) on.greeted();
    };
    here.onmessage = (event) => here === socket && take(event.data);
    here.onclose = (event) => {
      clearTimeout(late);
      if (here !== socket) return;
      lost(event.code === 4408 ? "slow" : event.reason || "");
    };
  }

  function lost(reason) {
    socket = null;
    live.state = "lost";
    live.reason = reason;
    if (on.state) on.state();
    again();
  }

  function drop(reason) {
    const here = socket;
    socket = null;
    if (here) {
      here.onmessage = here.onclose = null;
      here.close();
    }
    lost(reason);
  }

  function again(soon) {
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    clearTimeout(timer);
    const pause = soon === undefined ? wait * (0.5 + Math.random() / 2) : soon;
    if (soon === undefined) wait = Math.min(wait * 1.8, LONGEST_WAIT_MS);
    timer = setTimeout(connect, pause);
  }

  function take(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch (problem) {
      live.resync("unreadable");
      return;
    }
    spoken = performance.now();
    if (message.type === "snapshot") {
      live.epoch = message.epoch;
      live.seq = message.seq;
      opened();
      on.snapshot(message);
    } else if (message.type === "changes") {
      if (live.epoch === null) return; // the snapshot of the new scope is on its way
      if (message.epoch !== live.epoch) return live.resync("epoch");
      // changes say which version they begin from: any other than the one shown means that something is missing
      if (message.after !== undefined ? message.after !== live.seq : message.seq < live.seq) return live.resync("gap");
      live.seq = message.seq;
      behind = 0;
      opened();
      on.changes(message);
    } else if (message.type === "heartbeat") {
      live.heard_at = performance.now();
      live.beat = message;
      // a gateway that goes on without us has lost us
      behind = live.seq !== null && message.seq > live.seq ? behind + 1 : 0;
      if (behind > BEATS_BEHIND) return live.resync("behind");
      if (live.seq !== null) live.send({ type: "ack", seq: live.seq });
      opened();
      on.heartbeat(message);
    } else if (message.type === "answer") {
      const waiting = asked.get(message.id);
      if (waiting) {
        asked.delete(message.id);
        clearTimeout(waiting.late);
        waiting.resolve(message);
      }
    } else if (message.type === "case" && on.case) {
      on.case(message);
    } else if (message.type === "queue" && on.queue) {
      on.queue(message);
    } else if (message.type === "error") {
      live.reason = message.reason || "";
    }
  }

  function opened() {
    if (live.state === "open") return;
    live.state = "open";
    live.reason = "";
    wait = FIRST_WAIT_MS;
    if (on.state) on.state();
  }

  function watch() {
    if (socket && socket.readyState === WebSocket.OPEN && performance.now() - spoken > SILENT_MS) drop("silent");
    if (!socket && timer === null && performance.now() - spoken > 2 * SILENT_MS) again(0);
  }
})();
