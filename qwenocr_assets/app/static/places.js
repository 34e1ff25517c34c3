"use strict";
// An address may name a place: `?hit=left,top,right,bottom` of the page behind the `#`, or `?place=…` of a value.
(() => {
  const asked = new URLSearchParams(location.search);
  const sides = (asked.get("hit") ?? "").split(",").map(Number);
  const page = document.getElementById(location.hash.slice(1))?.closest(".page");
  const boxes = page?.querySelector(".boxes");
  if (boxes && sides.length === 4 && sides.every(Number.isFinite)) {
    const [left, top, right, bottom] = sides;
    const hit = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x: left - 3, y: top - 3, width: right - left + 6, height: bottom - top + 6 })) hit.setAttribute(name, value);
    hit.classList.add("hit");
    boxes.append(hit);
    addEventListener("load", () => hit.scrollIntoView({ block: "center" }));
  }
  const place = asked.get("place");
  if (place) {
    const value = [...document.querySelectorAll("[data-place]")].find(
      ({ dataset }) => dataset.place === place && [null, dataset.page].includes(asked.get("page")) && [null, dataset.task].includes(asked.get("task")),
    );
    addEventListener("load", () => {
      if (!value) return;
      value.scrollIntoView({ block: "center" });
      (value.querySelector("td") ?? value).click();
    });
  }
})();
