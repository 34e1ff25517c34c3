(() => {
  let address = null;
  let chosen = null;
  const take = (files) => {
    [chosen] = files;
    begin();
    going(async () => {
      say(`Taking ${chosen.name} …`);
      const form = new FormData();
      form.append("file", chosen, chosen.name);
      form.append("schema", by_id("schema").value);
      address = `/api/tries/${(await post("/api/tries", form)).id}`;
      await showQuote(address);
    });
  };
  onFiles(take);
  by_id("schema").addEventListener("change", () => { if (chosen) take([chosen]); });
  by_id("known")?.addEventListener("change", (event) => {
    by_id("schema").value = event.target.value;
    if (chosen) take([chosen]);
  });

  const table = (label, heads, rows) => {
    const wide = element("div", "", { className: "wide", role: "group", tabIndex: 0, ariaLabel: label });
    const shown = element("table", "");
    const head = element("tr", "");
    for (const text of heads) head.append(element("th", text, { scope: "col" }));
    shown.createTHead().append(head);
    const body = shown.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((text, column) => {
        const cell = column ? line.insertCell() : line.appendChild(element("th", "", { scope: "row" }));
        cell.append(element("bdi", text ?? "", { dir: "auto" }));
      });
    }
    wide.append(shown);
    return wide;
  };
  const grid = (cells) => {
    const rows = [];
    for (const cell of cells) (rows[cell.row_index] ??= [])[cell.column_index] = cell.text;
    const wide = element("div", "", { className: "wide", role: "group", tabIndex: 0, ariaLabel: "Table" });
    const shown = wide.appendChild(element("table", "", { className: "grid" }));
    for (const row of rows) {
      const line = shown.insertRow();
      for (const text of row ?? []) line.insertCell().append(element("bdi", text ?? "", { dir: "auto" }));
    }
    return wide;
  };
  const places = { not_found: "nowhere on the page", fuzzy: "nearly, in a line" };
  const told = (found) => {
    const part = element("section", "");
    part.append(element("h2", found.name));
    for (const { task, reason } of found.answers.filter((answer) => answer.status !== "ok")) part.append(element("p", `${task}: ${reason ?? ""}`, { className: "note" }));
    if (found.reason) part.append(element("p", found.reason, { className: "note" }));
    if (found.key_values.length) {
      part.append(element("h3", "Fields"));
      part.append(table("Fields", ["Field", "Value", "As a number or date", "On the page"], found.key_values.map((value) => [
        value.path, value.value ?? "\u2014", [value.value_number ?? value.value_date, value.currency].filter(Boolean).join(" "),
        value.value === null ? "no value" : places[value.ground] ?? (value.box_px ? "found" : ""),
      ])));
    }
    const tables = Map.groupBy?.(found.table_cells, (cell) => `${cell.page_id} ${cell.table_index}`) ?? new Map();
    for (const cells of tables.values()) part.append(element("h3", "Table"), grid(cells));
    const lines = element("details", "");
    lines.append(element("summary", some(found.text_lines.length, "line")));
    const list = lines.appendChild(element("ol", "", { className: "lines" }));
    for (const line of found.text_lines) list.append(element("li", line.text, { dir: "auto" }));
    part.append(lines);
    return part;
  };

  by_id("read").addEventListener("click", () => {
    by_id("read").hidden = true;
    going(async () => {
      await post(`${address}/read`);
      const { documents } = await settled(address, "reading");
      say("Read, and nothing was kept.");
      by_id("results").replaceChildren(...documents.map(told));
      by_id("results").querySelector("[tabindex]")?.focus();
    });
  });
})();
