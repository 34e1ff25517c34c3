"use strict";
// What the pages to drop on share: files are sent, quoted, read, and the page says how far that is.
const by_id = (id) => document.getElementById(id);
const say = (text) => { by_id("state").textContent = text; };
const some = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
const element = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text, ...properties });

const post = async (address, body) => {
  const answer = await fetch(address, { method: "POST", body });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
};
const settled = async (address, busy) => {
  const progress = by_id("progress");
  for (;;) {
    const told = await (await fetch(address)).json();
    if (told.state === "failed") throw new Error(told.error);
    if (told.state !== busy) return told;
    progress.max = told.total || 1;
    if (told.total) progress.value = told.done; else progress.removeAttribute("value");
    say(told.stage ? `${told.stage}: ${told.done} of ${told.total}` : "Looking at the files …");
    await new Promise((go) => setTimeout(go, 200));
  }
};
// Something that takes long: its end or its error is said, and the bar is shown meanwhile.
const going = async (work) => {
  by_id("progress").hidden = false;
  try { await work(); } catch (error) { say(error.message); }
  by_id("progress").hidden = true;
};
const showQuote = async (address) => {
  await post(`${address}/quote`);
  const { quote } = await settled(address, "quoting");
  by_id("rejected").replaceChildren(...quote.rejected.map((file) => element("li", `${file.name}: ${file.reason}`)));
  if (!quote.requests) return say("There is nothing to read in it.");
  const price = quote.is_free ? "free" : `about $${quote.expected_usd}`;
  const known = quote.answered ? `, ${quote.answered.toLocaleString("en")} of them answered already` : "";
  say(`${some(quote.pages, "page")}, ${some(quote.requests, "request")} to ${quote.model}${known}: ${price}.`);
  by_id("read").hidden = false;
  by_id("read").focus();
};
const onFiles = (take) => {
  by_id("files").addEventListener("change", (event) => { if (event.target.files.length) take([...event.target.files]); });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      by_id("drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) take([...event.dataTransfer.files]);
    });
  }
};
const begin = () => {
  by_id("results").replaceChildren();
  by_id("rejected").replaceChildren();
  by_id("read").hidden = true;
};
