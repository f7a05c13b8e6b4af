"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.pictures.length, wantStars = data.mode !== "real-or-fake", wantGuess = data.mode !== "stars";
  const $ = id => document.getElementById(id);
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const PAUSE = 350;  // ms in which a complete answer can be seen, and changed, before the next picture comes

  // --- what is kept: one rater's answers, in the browser's storage where a file has one

  let store = null;
  try { store = window.localStorage; store.getItem(data.id); } catch { store = null; }

  const random = below => crypto.getRandomValues(new Uint32Array(1))[0] % below;
  // letters alone: a spreadsheet would take digits for a number
  const letters = length => Array.from({ length }, () => String.fromCharCode(97 + random(26))).join("");

  // each rater has an order of their own, so that being tired or practised falls on other pictures each time
  function fresh() {
    const order = [...Array(count).keys()];
    for (let i = count - 1; i > 0; i--) { const j = random(i + 1); [order[i], order[j]] = [order[j], order[i]]; }
    return { session: letters(10), name: "", order, answers: order.map(() => ({})), at: 0, screen: "start", saved: true };
  }

  function recalled() {
    try {
      const kept = JSON.parse(store.getItem(data.id));
      const sound = new Set(kept.order).size === count && kept.order.every(i => i in data.pictures) && kept.answers.length === count
        && kept.session && kept.at in data.pictures && ["start", "rate", "all"].includes(kept.screen);
      return sound ? kept : null;
    } catch { return null; }
  }

  let state = (store && recalled()) || fresh();
  let timer = 0;

  function keep() {
    if (store) try { store.setItem(data.id, JSON.stringify(state)); } catch { store = null; }
  }

  // --- one picture at a time

  const complete = answer => (!wantStars || answer.stars) && (!wantGuess || answer.guess);
  const rated = () => state.answers.filter(complete).length;
  const words = answer => [answer.stars && `${answer.stars} ★`, answer.guess].filter(Boolean).join(", ") || "open";

  function goto(screen, at = state.at) {
    clearTimeout(timer);
    timer = 0;
    const moved = screen !== state.screen;
    state.screen = screen;
    state.at = at;
    keep();
    draw();
    if (moved) {
      window.scrollTo(0, 0);
      const heading = $(screen).querySelector("h1");
      if (heading) heading.focus(); else document.activeElement.blur();
    }
  }

  function draw() {
    for (const screen of ["start", "rate", "all"]) $(screen).hidden = screen !== state.screen;
    $("forgets").hidden = store !== null;
    if (state.screen === "rate") drawPicture();
    if (state.screen === "all") drawAll();
  }

  function drawPicture() {
    const answer = state.answers[state.at], done = rated();
    $("picture").src = data.pictures[state.order[state.at]];
    $("picture").alt = `picture ${state.at + 1}, to be rated`;
    $("where").textContent = `Picture ${state.at + 1} of ${count}, ${done} rated`;
    $("progress").max = count;
    $("progress").value = done;
    each("#stars button", (button, i) => {
      button.setAttribute("aria-pressed", answer.stars === i + 1);
      button.firstChild.textContent = i < (answer.stars || 0) ? "★" : "☆";
    });
    each("[data-guess]", button => button.setAttribute("aria-pressed", answer.guess === button.dataset.guess));
    $("back").disabled = state.at === 0;
    $("next").textContent = state.at === count - 1 ? "To the end" : "Next";
  }

  function answer(change) {
    const at = state.answers[state.at], before = complete(at);
    Object.assign(at, change);
    state.saved = false;
    keep();
    draw();
    // on by itself once a picture is complete; who comes back to change something stays
    if (complete(at) && (!before || timer)) {
      clearTimeout(timer);
      timer = setTimeout(next, PAUSE);
    }
  }

  function next() { if (state.at < count - 1) goto("rate", state.at + 1); else goto("all"); }
  function back() { if (state.at > 0) goto("rate", state.at - 1); }

  for (let i = 1; i <= 5; i++) {
    const button = document.createElement("button"), star = document.createElement("b"), number = document.createElement("small");
    button.type = "button";
    button.setAttribute("aria-label", `${i} ${i > 1 ? "stars" : "star"}`);
    star.ariaHidden = "true";
    number.textContent = i;
    button.append(star, number);
    button.addEventListener("click", () => answer({ stars: i }));
    $("stars").append(button);
  }
  each("[data-guess]", button => button.addEventListener("click", () => answer({ guess: button.dataset.guess })));
  $("back").addEventListener("click", back);
  $("next").addEventListener("click", next);
  each(".to-all", button => button.addEventListener("click", () => goto("all")));
  each(".with-stars", element => { element.hidden = !wantStars; });
  each(".with-guess", element => { element.hidden = !wantGuess; });
  each(".count", element => { element.textContent = count; });

  document.addEventListener("keydown", event => {
    if (state.screen !== "rate" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    const act = {
      arrowleft: back, arrowright: next,
      ...(wantGuess && { r: () => answer({ guess: "real" }), f: () => answer({ guess: "fake" }) }),
      ...(wantStars && /^[1-5]$/.test(key) && { [key]: () => answer({ stars: Number(key) }) }),
    }[key];
    if (act) { event.preventDefault(); act(); }
  });

  // --- begin

  $("name").value = state.name;
  $("name").addEventListener("input", () => {
    state.name = $("name").value.replace(/[\p{C}\p{Z}]+/gu, " ").trim().replace(/^[=+\-@]+/, "");  // no formula for a spreadsheet
    keep();
  });
  $("name").addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); goto("rate", 0); } });
  $("begin").addEventListener("click", () => goto("rate", 0));

  // --- the end: all answers, and the file of them

  function csv() {
    const field = text => /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const rows = state.answers.map(({ stars = "", guess = "" }, i) =>
      [data.id, state.session, field(state.name), state.order[i] + 1, stars, guess, i + 1].join(","));
    return ["page,session,rater,picture,stars,taken_for,shown", ...rows].join("\n") + "\n";
  }

  const file = () => `ratings-${state.name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || state.session}.csv`;

  function drawAll() {
    const missing = count - rated();
    $("all-name").textContent = missing ? "All pictures" : "All pictures are rated. Thank you!";
    $("missing").textContent = missing ? `${missing} of ${count} ${missing > 1 ? "are" : "is"} still open.` : "Save the ratings, and send the file to the person who gave you the page.";
    $("go-on").hidden = !missing;
    $("go-on").classList.toggle("main", missing > 0);
    $("save").classList.toggle("main", !missing);
    if (!state.saved) { $("saved").textContent = ""; $("copied").textContent = ""; }
    $("text").value = csv();
    $("answers").replaceChildren(...state.answers.map((answer, i) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const image = document.createElement(words(answer) === "open" ? "i" : "img");  // what is to come is not shown
      if (image.localName === "img") { image.src = data.pictures[state.order[i]]; image.alt = ""; }
      button.type = "button";
      button.classList.toggle("open", !complete(answer));
      button.setAttribute("aria-label", `picture ${i + 1}: ${words(answer).replace("★", answer.stars > 1 ? "stars" : "star")}`);
      button.append(image, words(answer));
      button.addEventListener("click", () => goto("rate", i));
      item.append(button);
      return item;
    }));
  }

  function handedOver() { state.saved = true; keep(); }

  $("go-on").addEventListener("click", () => goto("rate", state.answers.findIndex(answer => !complete(answer))));
  $("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = file();
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    $("saved").textContent = `Saved as ${link.download}, where your browser puts downloads. Please send that file to the person who gave you the page.`;
    handedOver();
  });
  $("copy").addEventListener("click", async () => {
    $("text").select();
    let done = document.execCommand("copy");  // works for a file too, where the clipboard's newer way may not
    if (!done) try { await navigator.clipboard.writeText(csv()); done = true; handedOver(); } catch { /* it is selected */ }
    $("copied").textContent = done ? "Copied." : "Selected: copy it with your browser's menu or Ctrl+C.";
  });
  document.addEventListener("copy", () => { if (document.activeElement === $("text")) handedOver(); });
  $("another").addEventListener("click", () => {
    const who = state.name || "this rater";
    if (!state.saved && !confirm(`The ratings of ${who} have not been saved. Remove them and start again?`)) return;
    state = fresh();
    $("name").value = $("saved").textContent = $("copied").textContent = "";
    $("copying").open = false;
    state.screen = "";  // so that the start is a move
    goto("start", 0);
  });
  window.addEventListener("beforeunload", event => { if (!state.saved && !store) event.preventDefault(); });

  draw();
})();
