"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const cards = document.getElementById("cards"), count = document.getElementById("count"), show = document.getElementById("show");
const rows = data.rows, elements = [], undo = [];
let saved = true;

// What was switched outlives a closed tab, where the browser lets a file keep something.
let store = null;
try { store = window.localStorage; store.getItem("x"); } catch { store = null; }
const kept = JSON.parse((store && store.getItem(data.id)) || "{}");

for (const row of rows) {
  row.now = ["keep", "drop"].includes(kept[row.file]) ? kept[row.file] : row.decision;
  const card = document.createElement("div"), image = new Image();
  card.className = "card";
  card.tabIndex = 0;
  card.setAttribute("role", "switch");
  image.loading = "lazy"; image.alt = ""; image.src = row.image;
  const line = (name, text) => { const e = document.createElement("div"); e.className = name; e.textContent = text; card.append(e); };
  card.append(image);
  line("word", ""); line("name", row.file); line("why", row.why);
  card.addEventListener("click", () => { card.focus(); change(elements.indexOf(card)); });
  elements.push(card);
  draw(elements.length - 1);
}
cards.append(...elements);

function draw(i) {
  const row = rows[i], card = elements[i];
  card.classList.toggle("drop", row.now === "drop");
  card.classList.toggle("changed", row.now !== row.decision);
  card.setAttribute("aria-checked", row.now === "keep");
  card.setAttribute("aria-label", `${row.file}: ${row.now}. ${row.why}`);
  card.querySelector(".word").textContent = row.now === "keep" ? data.words[0] : data.words[1];
}

function tell() {
  const drop = rows.filter(row => row.now === "drop").length, changed = rows.filter(row => row.now !== row.decision).length;
  count.textContent = `${rows.length - drop} ${data.words[0]}, ${drop} ${data.words[1]}, ${changed} changed by you`;
}

function change(i, to) {
  const row = rows[i], before = row.now;
  to = to || (before === "keep" ? "drop" : "keep");
  if (to === before) return;
  undo.push([i, before]);
  set(i, to);
}

function set(i, to) {
  const row = rows[i];
  row.now = to;
  if (to === row.decision) delete kept[row.file]; else kept[row.file] = to;
  if (store) try { store.setItem(data.id, JSON.stringify(kept)); } catch { /* no room: saving still works */ }
  saved = false;
  draw(i); tell();
}

const views = { all: () => true, "to be looked at": row => row.why !== "", [data.words[1]]: row => row.now === "drop",
                [data.words[0]]: row => row.now === "keep", "changed by you": row => row.now !== row.decision };
for (const reason of data.reasons) views[reason] = row => row.why.includes(reason);
for (const name of Object.keys(views)) show.append(new Option(name, name));
show.addEventListener("change", () => { rows.forEach((row, i) => { elements[i].hidden = !views[show.value](row); }); show.blur(); });

function move(i, dx, dy) {
  const seen = elements.filter(card => !card.hidden);
  if (!seen.length) return;
  const at = seen.indexOf(elements[i]);
  if (at < 0) { seen[0].focus(); return; }
  const across = seen.filter(card => card.offsetTop === seen[0].offsetTop).length;
  const to = Math.max(0, Math.min(seen.length - 1, at + dx + dy * across));
  seen[to].focus();
  seen[to].scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === show) return;
  const i = elements.indexOf(document.activeElement);
  const keys = {
    ArrowRight: () => move(i, 1, 0), ArrowLeft: () => move(i, -1, 0), ArrowDown: () => move(i, 0, 1), ArrowUp: () => move(i, 0, -1),
    k: () => { if (i >= 0) { change(i, "keep"); move(i, 1, 0); } },
    d: () => { if (i >= 0) { change(i, "drop"); move(i, 1, 0); } },
    z: () => { if (undo.length) { const [j, to] = undo.pop(); set(j, to); elements[j].focus(); } },
    s: save, " ": () => { if (i >= 0) change(i); },
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act && !(event.key === " " && i < 0)) { event.preventDefault(); act(); }
});

// A spreadsheet takes a text that begins so for a formula; the apostrophe is taken away when the list is read.
function field(text) {
  if (/^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save() {
  const lines = ["file,decision,before", ...rows.map(row => [row.file, row.now, row.decision].map(field).join(","))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = data.save;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  saved = true;
}
document.getElementById("save").addEventListener("click", save);
window.addEventListener("beforeunload", event => { if (!saved && !store) event.preventDefault(); });
tell();
