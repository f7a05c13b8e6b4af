"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  document.documentElement.classList.add("js");

  // --- the slider: a picture, a line on each chart and the values there

  for (const section of document.querySelectorAll("section.run")) {
    const frames = data[section.id];
    const figure = section.querySelector(".slider");
    const slider = figure && figure.querySelector("input");
    if (!slider) continue;
    const image = figure.querySelector(".frame"), play = figure.querySelector(".play");
    const output = figure.querySelector("output"), epochs = figure.dataset.epochs;
    const alt = epoch => `grid of samples of ${figure.dataset.caption} at epoch ${epoch}`;
    let timer = 0;

    const show = () => {
      const frame = frames[slider.value];
      image.src = frame.src;
      image.alt = alt(frame.epoch);
      output.value = frame.epoch;
      slider.setAttribute("aria-valuetext", `epoch ${frame.epoch} of ${epochs}`);
      for (const line of section.querySelectorAll(".now")) {
        line.setAttribute("transform", `translate(${1000 * frame.at} 0)`);
        line.setAttribute("visibility", "visible");
      }
      for (const value of section.querySelectorAll("[data-value]")) {
        value.textContent = frame.values[value.dataset.value] || "";
      }
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
    };
    const step = () => {
      slider.value = Number(slider.value) + 1;
      show();
      if (slider.value === slider.max) stop();
    };
    play.addEventListener("click", () => {
      if (timer) return stop();
      if (slider.value === slider.max) { slider.value = 0; show(); }
      play.textContent = "Pause";
      // a whole film in about ten seconds; slower for who does not want things to move
      const pause = Math.min(900, Math.max(150, 10000 / frames.length));
      timer = setInterval(step, calm.matches ? Math.max(1500, pause) : pause);
    });
    slider.addEventListener("input", () => { stop(); show(); });
    slider.value = slider.max;  // a browser that goes back keeps where it was
    show();

    // on paper, where nothing slides: four of the grids
    const count = Math.min(4, frames.length);
    for (let i = 0; i < count; i++) {
      const frame = frames[Math.round(i * (frames.length - 1) / (count - 1))];
      const still = new Image();
      still.src = frame.src;
      still.alt = alt(frame.epoch);
      figure.querySelector(".strip").append(still);
    }
  }

  // --- samples: arrow keys go about them, a click or Enter enlarges one

  const viewer = document.querySelector(".viewer"), large = viewer.querySelector("img");
  let buttons = [], current = 0;

  const focus = (list, index) => {
    for (const [i, button] of list.entries()) button.tabIndex = i === index ? 0 : -1;
    list[index].focus();
  };
  const columns = list => {
    const second = list.findIndex(b => b.offsetTop > list[0].offsetTop);
    return second < 0 ? list.length : second;
  };
  const enlarge = index => {
    current = (index + buttons.length) % buttons.length;
    const picture = buttons[current].querySelector("img");
    const side = picture.naturalWidth || picture.width;
    const room = Math.min(innerWidth - 60, innerHeight - 190);
    // whole factors keep the pixels square
    const times = Math.max(1, Math.floor(room / side)), shown = side > room ? room : side * times;
    large.src = picture.src;
    large.alt = picture.alt;
    large.style.width = large.style.height = `${shown}px`;
    const caption = picture.closest("ul").dataset.caption;
    const size = times > 1 ? `${side} × ${side} pixels, ${times} times enlarged` : `${side} × ${side} pixels`;
    viewer.querySelector("p").textContent = `${picture.alt[0].toUpperCase()}${picture.alt.slice(1)}: ${caption}. ${size}.`;
  };

  for (const group of document.querySelectorAll(".samples")) {
    const list = [...group.querySelectorAll("button")];
    for (const [i, button] of list.entries()) {
      button.tabIndex = i ? -1 : 0;  // one stop of the Tab key for all of them
      button.addEventListener("click", () => {
        buttons = list;
        enlarge(i);
        viewer.showModal();
      });
      button.addEventListener("keydown", event => {
        const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(list), ArrowDown: columns(list) }[event.key];
        const to = { Home: 0, End: list.length - 1 }[event.key] ?? i + by;
        if (!(to >= 0)) return;
        event.preventDefault();
        if (to < list.length) focus(list, to);
      });
    }
  }
  viewer.querySelector(".previous").addEventListener("click", () => enlarge(current - 1));
  viewer.querySelector(".next").addEventListener("click", () => enlarge(current + 1));
  viewer.querySelector(".soften").addEventListener("click", event => {
    const smooth = large.classList.toggle("smooth");
    event.target.setAttribute("aria-pressed", smooth);
  });
  viewer.querySelector(".close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", event => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("keydown", event => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); enlarge(current + by); }
  });
  viewer.addEventListener("close", () => focus(buttons, current));
  addEventListener("resize", () => { if (viewer.open) enlarge(current); });

  // --- on paper, what is folded is unfolded

  const folded = () => document.querySelectorAll("details:not([open])");
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...folded()]; for (const d of opened) d.open = true; });
  addEventListener("afterprint", () => { for (const d of opened) d.open = false; });
})();
