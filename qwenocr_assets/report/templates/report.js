"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const links = new Map(all(".link[data-for]").map((link) => [link.dataset.for, link]));
  const boxes = new Map(all(".box[data-for]").map((box) => [box.dataset.for, box]));
  const said = new Map();
  for (const [name, box] of boxes) {
    const title = box.querySelector("title");
    said.set(name, title.textContent);
    title.remove(); // shown below the page instead of in a bubble over it
  }

  // A text and its box light up together, from either side.
  let lit = null;
  const light = (name) => {
    if (lit === name) return;
    for (const [which, is] of [[lit, false], [name, true]]) {
      if (which === null) continue;
      const box = boxes.get(which);
      const target = document.getElementById(which);
      box?.classList.toggle("on", is);
      target?.classList.toggle("on", is);
      const readout = box?.closest("figure").querySelector(".readout");
      if (readout) {
        readout.hidden = false;
        readout.textContent = is ? said.get(which) : "\u00a0";
      }
    }
    lit = name;
  };
  const nameOf = (element) => {
    const holder = element.closest("[data-for]");
    if (holder) return holder.dataset.for;
    const row = element.closest("[id]");
    return row && links.has(row.id) ? row.id : null;
  };
  const focused = () => nameOf(document.activeElement ?? document.body);
  document.addEventListener("pointerover", (event) => light(nameOf(event.target) ?? focused()));
  document.addEventListener("focusin", (event) => light(nameOf(event.target)));
  document.addEventListener("focusout", () => light(null));

  const reach = (link) => {
    const folded = link.closest("details:not([open])");
    if (folded) folded.open = true;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("click", (event) => {
    const box = event.target.closest(".box");
    const link = box && links.get(box.dataset.for);
    if (link) {
      event.preventDefault();
      reach(link);
    }
    const own = event.target.closest(".link");
    if (own) event.preventDefault(); // its box is lit already
  });

  // One tab stop a table and a list of lines; the arrow keys move inside.
  const groups = all(".grid, .lines");
  for (const group of groups) {
    all(".link", group).forEach((link, index) => (link.tabIndex = index === 0 ? 0 : -1));
  }
  const step = (from, to) => {
    if (!to) return;
    if (from.closest(".grid, .lines")) {
      from.tabIndex = -1;
      to.tabIndex = 0;
    }
    reach(to);
  };
  const inList = (link, by) => {
    const list = all(".link", link.closest(".lines, .fields"));
    return list[list.indexOf(link) + by];
  };
  const inGrid = (link, across, down) => {
    const grid = link.closest(".grid");
    const from = link.getBoundingClientRect();
    const centre = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const [x, y] = centre(link.closest("td, th").getBoundingClientRect());
    let best = null;
    for (const other of all(".link", grid)) {
      if (other === link) continue;
      const box = other.closest("td, th").getBoundingClientRect();
      const [ox, oy] = centre(box);
      const ahead = across ? (ox - x) * across : (oy - y) * down;
      const aside = across
        ? Math.max(0, box.top - from.bottom, from.top - box.bottom)
        : Math.max(0, box.left - from.right, from.left - box.right);
      if (ahead > 2 && aside < 1 && (!best || ahead < best.ahead)) best = { other, ahead };
    }
    return best?.other;
  };

  const doubts = all(".link[data-doubt]");
  const nextDoubt = (by) => {
    if (!doubts.length) return;
    const here = document.activeElement;
    const at = doubts.indexOf(here);
    if (at >= 0) return reach(doubts[(at + by + doubts.length) % doubts.length]);
    const behind = doubts.findIndex((d) => here.compareDocumentPosition(d) & Node.DOCUMENT_POSITION_FOLLOWING);
    const start = behind < 0 ? 0 : by > 0 ? behind : (behind - 1 + doubts.length) % doubts.length;
    reach(doubts[start]);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) return;
    if (event.key === "n" || event.key === "p") return nextDoubt(event.key === "n" ? 1 : -1);
    const link = event.target.closest(".link");
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!link || !way) return;
    const to = link.closest(".grid") ? inGrid(link, ...way) : way[1] ? inList(link, way[1]) : null;
    if (to) event.preventDefault();
    step(link, to);
  });

  const filter = document.getElementById("filter");
  if (filter) {
    filter.closest("p").hidden = false;
    filter.addEventListener("input", () => {
      const words = filter.value.trim().toLocaleLowerCase();
      for (const row of all(".documents tbody tr")) {
        row.hidden = !row.cells[0].textContent.toLocaleLowerCase().includes(words);
      }
    });
  }
})();
