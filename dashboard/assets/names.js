// Names of places, accounts, feeds and categories. What is not known yet is asked for in batches, and shown by its code.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const AT_ONCE = 200;
  const AGAIN_MS = 5000;

  // A book that asks for the names of codes: `read` takes a list of codes and resolves to {code: name}.
  function book(read) {
    const known = new Map();
    const asked = new Set();
    let timer = null;

    async function ask() {
      const codes = Array.from(asked).slice(0, AT_ONCE);
      let pause = 0;
      try {
        const answer = await read(codes);
        for (const code of codes) known.set(code, answer[code] || null);
      } catch (problem) {
        pause = AGAIN_MS; // codes are shown meanwhile
      }
      await new Promise((go) => setTimeout(go, pause));
      for (const code of codes) asked.delete(code);
      timer = asked.size ? setTimeout(ask, 50) : null;
      if (!pause) wf.paint();
    }

    return {
      know: (code, name) => known.set(code, name),
      name(code) {
        if (!known.has(code) && !asked.has(code)) {
          asked.add(code);
          timer = timer || setTimeout(ask, 50);
        }
        return known.get(code) || null;
      },
    };
  }

  const place = book((codes) => wf.ask(`/names?codes=${codes.join(",")}`));
  const account = book((ids) => wf.ask(`/accounts?ids=${ids.join(",")}`));

  wf.knowPlace = place.know;
  wf.placeName = (code) => (code ? wf.both(place.name(code), code) : wf.t("whole_area"));

  // Who has it, for those who are signed in; a screen that only shows says that somebody has.
  wf.ownerName = function (id) {
    if (!id) return "";
    if (id === "local") return wf.t("owner_local");
    return account.name(id) || wf.t("owner_taken");
  };

  // A worker whose name nobody filed is told from others by the start of the id.
  wf.workerName = (id) => (/^w-[0-9a-f]{16}$/.test(id) ? wf.t("worker_unnamed", { id: id.slice(2, 8) }) : id);

  wf.rulebook = { alerts: {}, categories: {}, feeds: {}, zones: [] };
  wf.feedName = (feed) => wf.both(wf.rulebook.feeds[feed], feed);
  // Our own channels have words here; another system's keep those that it gave them.
  wf.channelName = function (channel) {
    const key = `channel_${String(channel || "").toLowerCase().replace(/\W+/g, "_")}`;
    return wf.words.has(key) ? wf.t(key) : channel;
  };
  wf.categoryName = (category) => wf.both(wf.rulebook.categories[category], category);

  wf.readRulebook = async function () {
    try {
      wf.rulebook = await wf.ask("/rulebook");
      wf.zone = wf.rulebook.zones.length === 1 ? wf.rulebook.zones[0] : undefined;
      wf.paint();
    } catch (problem) {
      setTimeout(wf.readRulebook, 4000);
    }
  };
})();
