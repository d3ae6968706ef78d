// The three panes: their widths are the account's, changed by the pointer or by arrow keys.
(function () {
  "use strict";
  const wf = (window.wf = window.wf || {});
  const desk = (wf.desk = wf.desk || {});
  const START = [46, 32]; // hundredths of the width: queue, detail; the map has the rest
  const LEAST = 14;
  const STEP = 2;

  const panes = (desk.panes = {});
  let sizes = START.slice();

  panes.start = function () {
    take();
    desk.kept.onChange((kind) => kind === "panes" && take());
    ["split-1", "split-2"].forEach((id, index) => wire(wf.$(id), index));
  };

  function take() {
    const kept = desk.kept.of("panes");
    if (Array.isArray(kept) && kept.length === 2 && kept.every((one) => one >= LEAST && one <= 100 - 2 * LEAST)) sizes = kept;
    apply();
  }

  function set(index, percent) {
    const next = sizes.slice();
    if (index === 0) {
      const both = sizes[0] + sizes[1];
      next[0] = Math.max(LEAST, Math.min(both - LEAST, percent));
      next[1] = both - next[0];
    } else next[1] = Math.max(LEAST, Math.min(100 - LEAST - sizes[0], percent - sizes[0]));
    sizes = next;
    apply();
    desk.kept.put("panes", sizes);
  }

  function apply() {
    const node = wf.$("panes");
    node.style.setProperty("--queue", `${sizes[0]}fr`);
    node.style.setProperty("--detail", `${sizes[1]}fr`);
    node.style.setProperty("--map", `${100 - sizes[0] - sizes[1]}fr`);
    [sizes[0], sizes[0] + sizes[1]].forEach((at, index) => {
      const bar = wf.$(`split-${index + 1}`);
      bar.setAttribute("aria-valuenow", Math.round(at));
      bar.setAttribute("aria-valuemin", LEAST);
      bar.setAttribute("aria-valuemax", 100 - LEAST);
    });
    desk.map.restyle();
  }

  function wire(bar, index) {
    const at = () => (index ? sizes[0] + sizes[1] : sizes[0]);
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      const frame = wf.$("panes").getBoundingClientRect();
      const move = (now) => set(index, ((now.clientX - frame.left) / frame.width) * 100);
      bar.addEventListener("pointermove", move);
      bar.addEventListener("pointerup", () => bar.removeEventListener("pointermove", move), { once: true });
    });
    bar.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") set(index, at() - STEP);
      else if (event.key === "ArrowRight") set(index, at() + STEP);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    bar.addEventListener("dblclick", () => {
      sizes = START.slice();
      set(0, START[0]);
    });
  }
})();
