"use strict";
(() => {
  const by_id = (id) => document.getElementById(id);
  const zone = by_id("drop");
  const progress = by_id("progress");
  const say = (text) => { by_id("state").textContent = text; };
  let drop = null;

  const post = async (address, body) => {
    const answer = await fetch(address, { method: "POST", body });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    return said;
  };
  const settled = async (busy) => {
    for (;;) {
      const told = await (await fetch(`/api/drops/${drop.id}`)).json();
      if (told.state !== busy && told.state !== "waiting") return told;
      progress.max = told.total || 1;
      if (told.total) progress.value = told.done; else progress.removeAttribute("value");
      say(told.stage ? `${told.stage}: ${told.done} of ${told.total}` : "Looking at the files …");
      await new Promise((go) => setTimeout(go, 300));
    }
  };
  const item = (text) => Object.assign(document.createElement("li"), { textContent: text });

  const take = async (files) => {
    by_id("results").replaceChildren();
    by_id("rejected").replaceChildren();
    by_id("read").hidden = true;
    progress.hidden = false;
    try {
      drop = await post("/api/drops");
      for (const [index, file] of [...files].entries()) {
        say(`Taking ${file.name} (${index + 1} of ${files.length}) …`);
        await post(`/api/drops/${drop.id}/files?name=${encodeURIComponent(file.name)}`, file);
      }
      await post(`/api/drops/${drop.id}/quote`);
      const { quote, state, error } = await settled("quoting");
      if (state === "failed") throw new Error(error);
      by_id("rejected").replaceChildren(...quote.rejected.map((file) => item(`${file.name}: ${file.reason}`)));
      const price = quote.is_free ? "free" : `about $${quote.expected_usd}`;
      say(`${quote.pages} pages, ${quote.requests} requests to ${quote.model}, ${quote.answered} answered already: ${price}.`);
      by_id("read").hidden = false;
      by_id("read").focus();
    } catch (error) {
      say(error.message);
    }
    progress.hidden = true;
  };

  by_id("read").addEventListener("click", async () => {
    by_id("read").hidden = true;
    progress.hidden = false;
    try {
      await post(`/api/drops/${drop.id}/read`);
      const told = await settled("reading");
      if (told.state === "failed") throw new Error(told.error);
      say(`Read: ${told.documents.length} documents. They are in SQL in a few seconds.`);
      const list = document.createElement("ul");
      for (const found of told.documents) {
        const row = item("");
        const link = document.createElement("a");
        link.href = `/documents/${found.document_id}`;
        link.textContent = found.name;
        row.append(link, ` ${found.pages} pages, ${found.lines} lines, ${found.values} values. ${found.reason ?? ""}`);
        for (const failed of found.failed) row.append(Object.assign(document.createElement("span"), { className: "reason", textContent: failed }));
        list.append(row);
      }
      by_id("results").replaceChildren(list);
      list.querySelector("a")?.focus();
    } catch (error) {
      say(error.message);
    }
    progress.hidden = true;
  });

  by_id("files").addEventListener("change", (event) => { if (event.target.files.length) take(event.target.files); });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files);
    });
  }
})();
