"use strict";
// Filters findings by severity. Everything is in the page; without script it is all shown.
const form = document.querySelector(".filters");
const boxes = [...form.querySelectorAll("input")];
const findings = [...document.querySelectorAll(".finding")];
const articles = [...document.querySelectorAll(".path")].filter((each) => each.querySelector(".finding"));
function apply() {
  const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.kind));
  for (const finding of findings) finding.hidden = !wanted.has(finding.dataset.kind);
  for (const article of articles) article.hidden = !article.querySelector(".finding:not([hidden])");
  for (const badge of document.querySelectorAll(".badge")) badge.style.display = [...wanted].some((kind) => badge.classList.contains(kind)) ? "" : "none";
  const shown = findings.filter((finding) => !finding.hidden).length;
  document.getElementById("shown").textContent = `${shown} of ${findings.length} findings shown`;
}
form.hidden = findings.length === 0;
form.addEventListener("change", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
