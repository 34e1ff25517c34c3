(() => {
  let address = null;
  onFiles((files) => {
    begin();
    going(async () => {
      address = `/api/drops/${(await post("/api/drops")).id}`;
      for (const [index, file] of files.entries()) {
        say(`Taking ${file.name} (${index + 1} of ${files.length}) …`);
        await post(`${address}/files?name=${encodeURIComponent(file.name)}`, file);
      }
      await showQuote(address);
    });
  });

  by_id("read").addEventListener("click", () => {
    by_id("read").hidden = true;
    going(async () => {
      await post(`${address}/read`);
      const { documents } = await settled(address, "reading");
      say(`Read: ${some(documents.length, "document")}. In SQL in a few seconds.`);
      const list = element("ul", "", { className: "listed" });
      for (const found of documents) {
        const row = element("li", "");
        row.append(element("a", found.name, { href: `/documents/${found.document_id}` }));
        row.append(element("span", `${some(found.pages, "page")}, ${some(found.lines, "line")}, ${some(found.values, "value")}`, { className: "said" }));
        for (const reason of [found.reason, ...found.failed].filter(Boolean)) row.append(element("span", reason, { className: "reason" }));
        list.append(row);
      }
      by_id("results").replaceChildren(list);
      list.querySelector("a")?.focus();
    });
  });
})();
