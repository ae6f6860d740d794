"use strict";
(() => {
  const table = document.getElementById("table"), body = table.tBodies[0];
  const search = document.getElementById("search"), map = document.getElementById("map");
  const legends = ["legend", "shares"].map((id) => document.getElementById(id)).filter(Boolean);
  const heads = [...table.tHead.rows[0].cells];
  const order = [...body.rows];
  const isGroup = (row) => row.className === "province" || row.className === "city";
  const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  const entries = legends.flatMap((one) => [...one.children]).filter((one) => one.dataset.word !== "unpublished");
  const shapes = [...document.querySelectorAll("#map > g:not(.border, .failed, .names) path")];
  const silent = document.getElementById("silent");
  let sorted = null, only = null, folded = silent !== null;

  const wordsOf = new Map();
  const groupsOf = new Map();
  let province = null, city = null;
  for (const row of order) {
    if (row.className === "province") { province = row; city = null; }
    if (row.className === "city") city = row;
    const above = [province, city].filter(Boolean);
    groupsOf.set(row, above);
    wordsOf.set(row, [...above, row].map((one) => one.cells[0].textContent).concat(row.textContent).join(" ").toLowerCase());
  }

  const value = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
  const number = (text) => { const one = parseFloat(text.replace(/,/g, "")); return Number.isNaN(one) ? -1 : one; };

  function show() {
    const asked = search.value.trim().toLowerCase().split(/\s+/);
    const fold = folded && !only && asked[0] === "";
    const wanted = new Set();
    for (const row of order) {
      if (isGroup(row)) continue;
      const kept = only ? row.classList.contains(only) : !(fold && row.classList.contains("unknown"));
      const fits = kept && asked.every((one) => wordsOf.get(row).includes(one));
      row.hidden = !fits;
      if (fits) groupsOf.get(row).forEach((one) => wanted.add(one));
    }
    for (const row of order) if (isGroup(row)) row.hidden = sorted !== null || !wanted.has(row);
  }

  function sort(column) {
    const head = heads[column], was = head.getAttribute("aria-sort");
    const isNumber = head.classList.contains("n");
    const first = isNumber ? "descending" : "ascending", second = isNumber ? "ascending" : "descending";
    const next = was === null ? first : was === first ? second : null;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    sorted = next === null ? null : column;
    if (next !== null) head.setAttribute("aria-sort", next);
    const turn = next === "descending" ? -1 : 1;
    const by = isNumber
      ? (a, b) => number(value(a, column)) - number(value(b, column))
      : (a, b) => compare(value(a, column), value(b, column));
    const rows = next === null ? order : [...order].filter((one) => !isGroup(one)).sort((a, b) => turn * by(a, b));
    body.append(...rows);
    show();
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
  search.addEventListener("input", show);
  search.hidden = false;
  if (silent) {
    silent.addEventListener("click", () => {
      folded = !folded;
      silent.setAttribute("aria-pressed", String(!folded));
      show();
    });
    silent.hidden = false;
    show();
  }

  function choose(word) {
    only = only === word ? null : word;
    for (const one of entries) one.setAttribute("aria-pressed", String(one.dataset.word === only));
    for (const one of shapes) one.classList.toggle("off", only !== null && !one.closest(`.${only}`));
    show();
  }
  for (const entry of entries) {
    entry.tabIndex = 0;
    entry.setAttribute("role", "button");
    entry.setAttribute("aria-pressed", "false");
    entry.addEventListener("click", () => choose(entry.dataset.word));
    entry.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(entry.dataset.word); }
    });
  }

  const buttons = [...document.querySelectorAll("#switch button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (only) choose(only);
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
      for (const one of legends) one.hidden = one.id !== button.dataset.show;
      map?.classList.toggle("progress", button.dataset.show === "shares");
    });
    button.parentElement.hidden = false;
  }
})();
