// Names by what a hand types of them: their beginning, a piece, or the initials of their pinyin, which the server knows.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const AT_ONCE = 200;
  const HAN = /[\u4e00-\u9fff]/;

  const names = (desk.names = { duty: [] });
  const initials = new Map(); // name → its initials
  let asking = false;

  // 0 the whole, 1 its beginning, 2 the beginning of a word, 3 initials, 4 a piece, 9 not it
  names.rank = function (name, text) {
    if (!text) return 5;
    const [a, b] = [String(name).toLowerCase(), text.toLowerCase()];
    if (a === b) return 0;
    if (a.startsWith(b)) return 1;
    if (a.split(/[\s\-_.]+/).some((word) => word.startsWith(b))) return 2;
    const short = initials.get(name);
    if (short && short.split(" ").some((one) => one.startsWith(b))) return 3;
    const words = a.split(/[\s\-_.']+/).map((word) => word[0] || "").join(""); // prettier-ignore
    if (words.length > 1 && words.startsWith(b)) return 3;
    return a.includes(b) ? 4 : 9;
  };

  // Ask for the initials of what the list shows now and is not known yet.
  names.learn = async function () {
    if (asking) return;
    const wanted = new Set();
    for (const item of desk.items()) wanted.add(desk.title(item)), item.assignee && wanted.add(desk.assigneeName(item.assignee));
    for (const name of desk.named.values()) wanted.add(name);
    for (const one of names.duty) wanted.add(one.name || wf.workerName(one.to));
    for (const area of (desk.map.geometry && desk.map.geometry.areas) || []) wanted.add(wf.placeName(area.code));
    const list = Array.from(wanted).filter((name) => HAN.test(name) && !initials.has(name)).slice(0, AT_ONCE); // prettier-ignore
    if (!list.length) return;
    asking = true;
    try {
      const found = await wf.post("/initials", { of: list });
      for (const name of list) initials.set(name, found[name] || "");
    } catch (problem) {
      // whole names are still found
    }
    asking = false;
    desk.bar.again();
  };
})();
