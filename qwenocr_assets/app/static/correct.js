"use strict";
// A value is edited where it is shown. Every saved word is on the server before the next field opens.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const by_id = (id) => document.getElementById(id);
  const panel = document.querySelector(".correcting");
  const { batch, document: documentId } = panel.dataset;
  const values = all("[data-place]");
  const name = by_id("by");
  const undone = [];
  let open = null; // the value being edited, with its editor

  name.value = localStorage.getItem("qwenocr-by") ?? "";
  name.addEventListener("keydown", (event) => {
    const first = values.find(isOpen);
    if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey && name.value.trim() && first) {
      event.preventDefault();
      name.blur();
      edit(first);
    }
  });
  name.addEventListener("change", () => localStorage.setItem("qwenocr-by", name.value.trim()));

  const cellOf = (value) => value.querySelector("td") ?? value;
  const isOpen = (value) => "open" in value.dataset;
  const left = () => values.filter(isOpen).length;
  const count = () => {
    const all_of_them = left() + values.filter((value) => "done" in value.dataset).length;
    by_id("left").textContent = all_of_them ? `${left()} of ${all_of_them} left` : "nothing left";
  };
  const say = (text) => { by_id("said").textContent = text; };
  for (const value of values) cellOf(value).tabIndex = isOpen(value) ? 0 : -1;
  count();

  const post = async (address, body) => {
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };

  // The place on the page, enlarged beside the field.
  const magnify = (value, glass) => {
    const box = document.querySelector(`.box[data-for="${CSS.escape(value.id)}"]`);
    const picture = value.closest(".page")?.querySelector(".sheet img");
    if (!box || !picture?.naturalWidth) return;
    const { x, y, width, height } = box.querySelector("polygon").getBBox();
    const shown = { width: glass.parentElement.clientWidth, height: 88 };
    const scale = Math.min(4, shown.width / (width * 1.3), shown.height / (height * 1.8));
    glass.classList.add("filled");
    glass.style.backgroundImage = `url("${picture.src}")`;
    glass.style.backgroundSize = `${picture.width === 0 ? 0 : picture.getAttribute("width") * scale}px auto`;
    const [middle, centre] = [(x + width / 2) * scale, (y + height / 2) * scale];
    glass.style.backgroundPosition = `${shown.width / 2 - middle}px ${shown.height / 2 - centre}px`;
  };

  const close = () => {
    if (!open) return;
    const { value, editor, kept } = open;
    open = null;
    editor.replaceWith(...kept);
    value.classList.remove("on");
  };

  const edit = (value) => {
    if (open?.value === value) return;
    close();
    const cell = cellOf(value);
    const editor = by_id("editor").content.firstElementChild.cloneNode(true);
    const input = editor.querySelector(".typed");
    input.value = value.dataset.stands;
    input.setAttribute("aria-label", value.dataset.place);
    editor.querySelector(".before").textContent = value.dataset.shown ? `read: ${value.dataset.shown}` : "nothing was read";
    const kept = [...cell.childNodes];
    cell.replaceChildren(editor);
    open = { value, editor, input, kept };
    magnify(value, editor.querySelector(".glass"));
    input.focus();
    input.select();
    editor.addEventListener("submit", (event) => {
      event.preventDefault();
      save(value, input.value.trim());
    });
    editor.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); // letters are text here, not ways through the report
      if (event.key === "Escape") { close(); cell.focus(); }
      if (event.key === "Tab") {
        const way = values.filter((other) => isOpen(other) || other === value);
        const other = way[way.indexOf(value) + (event.shiftKey ? -1 : 1)];
        close();
        if (other) { event.preventDefault(); edit(other); } else cell.focus();
      }
    });
  };

  const verdictOf = (value, text) => {
    if (text === value.dataset.shown) return text ? { verdict: "right" } : { verdict: "absent" };
    return text ? { verdict: "value", value: text } : { verdict: "absent" };
  };
  const about = (value) => ({
    batch_id: batch, document_id: documentId, page_id: value.dataset.page, task: value.dataset.task,
    place: value.dataset.place, shown: value.dataset.shown || null, knows: value.dataset.knows || null,
    finding: isOpen(value) ? "queue" : null, by: name.value.trim(),
  });
  const show = (value, correction) => {
    const cell = cellOf(value);
    const text = document.createElement("bdi");
    text.dir = "auto";
    text.textContent = correction?.value ?? "";
    const who = document.createElement("span");
    who.className = "reason";
    who.textContent = correction ? `${correction.action} by ${correction.by}, ${correction.at}` : "";
    cell.replaceChildren(text, who);
    value.classList.add("saved");
    value.dataset.stands = correction?.value ?? "";
    value.dataset.knows = correction?.id ?? "";
  };
  const showRules = (rules) => {
    by_id("rules").replaceChildren(...rules.map((rule) => {
      const item = document.createElement("li");
      item.textContent = `${rule.rule}${rule.path ? `, ${rule.path}` : ""}: ${rule.reason}`;
      return item;
    }));
  };
  const next = (value) => {
    const later = values.slice(values.indexOf(value) + 1).find(isOpen) ?? values.find(isOpen);
    if (later) { cellOf(later).scrollIntoView({ block: "nearest" }); edit(later); } else by_id("undo").focus();
  };

  const send = async (value, said) => {
    if (!name.value.trim()) {
      say("Say who you are first: your name goes with each correction.");
      name.focus();
      return null;
    }
    let status, answer;
    try {
      [status, answer] = await post("/api/corrections", { ...about(value), ...said });
    } catch {
      say("It was not saved: qwenocr app does not answer. Start it again, then press Enter here.");
      return null;
    }
    if (status === 409) {
      const { by, at, action, value: theirs } = answer.newer;
      say(`${by} said ${action === "absent" ? "that the page has no such value" : JSON.stringify(theirs)} at ${at}. Press Enter again to replace that, or Esc to leave it.`);
      value.dataset.knows = answer.newer.id;
      return null;
    }
    if (status !== 200) { say(answer.error); return null; }
    return answer;
  };
  const save = async (value, text) => {
    const before = { stands: value.dataset.stands, knows: value.dataset.knows };
    const answer = await send(value, verdictOf(value, text));
    if (!answer) return;
    open = null;
    if (answer.correction) {
      undone.push({ value, ...before });
      by_id("undo").disabled = false;
    }
    show(value, answer.correction ?? { value: text, action: "confirmed", by: name.value, at: "before" });
    showRules(answer.rules);
    if (isOpen(value)) { delete value.dataset.open; value.dataset.done = ""; }
    cellOf(value).tabIndex = 0;
    count();
    say(`Saved ${value.dataset.place}.`);
    next(value);
  };

  by_id("undo").addEventListener("click", async () => {
    const last = undone.at(-1);
    if (!last) return;
    close();
    const { value, stands, knows } = last;
    // without an earlier word of a person the model's value is back, and asked about again
    const said = !knows ? { verdict: "undo" } : stands ? { verdict: "value", value: stands } : { verdict: "absent" };
    const answer = await send(value, said);
    if (!answer) return;
    undone.pop();
    by_id("undo").disabled = undone.length === 0;
    show(value, knows ? answer.correction : { value: value.dataset.shown, action: "undone", by: name.value, at: "now", id: answer.correction?.id });
    showRules(answer.rules);
    if (!knows) { value.dataset.open = ""; delete value.dataset.done; cellOf(value).tabIndex = 0; }
    count();
    say(`Undone: ${value.dataset.place}.`);
  });

  for (const value of values) {
    const cell = cellOf(value);
    cell.addEventListener("click", (event) => { if (!event.target.closest(".editor")) edit(value); });
    cell.addEventListener("focus", () => { if (isOpen(value)) edit(value); });
    value.addEventListener("keydown", (event) => { // also on its name: what is not doubtful is reached through it
      if (event.key === "Enter" && !event.target.closest(".editor")) { event.preventDefault(); edit(value); }
    });
  }

  // In a field that is typed into, Ctrl+Z is the browser's own.
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target === name) return;
    if (open && open.input.value !== open.value.dataset.stands) return;
    event.preventDefault();
    by_id("undo").click();
  });

  // A line, or its box on the page, fills the field that is open.
  document.addEventListener("mousedown", (event) => {
    const line = event.target.closest(".lines li, .box.line");
    if (!open || !line) return;
    event.preventDefault(); // the field keeps the focus
    const item = line.matches("li") ? line : by_id(line.dataset.for);
    open.input.value = item.textContent.trim();
  });

  const present = async () => {
    if (!name.value.trim()) return;
    const [, answer] = await post("/api/presence", { document_id: documentId, by: name.value.trim() });
    by_id("others").textContent = answer.others.length ? `${answer.others.join(", ")} ${answer.others.length > 1 ? "are" : "is"} here as well.` : "";
  };
  setInterval(() => present().catch(() => {}), 5000);
  present().catch(() => {});
})();
