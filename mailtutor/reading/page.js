// Replays the list that is in the page anyway. Nothing is written as markup: nodes are cloned.
"use strict";
(() => {
  const lines = [...document.querySelectorAll("li")];
  const bar = document.querySelector(".replay");
  const aside = document.querySelector("aside");
  const told = document.getElementById("told");
  const position = document.getElementById("position");
  const play = document.getElementById("play");
  const speed = document.getElementById("speed");
  if (!lines.length) return;
  const LEAST_MS = 500, MOST_MS = 3000;
  let at = 0, timer = 0;

  function show(number, scroll) {
    at = Math.max(0, Math.min(lines.length - 1, number));
    lines.forEach((line, n) => {
      line.classList.toggle("to-come", n > at);
      if (n === at) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
    });
    for (const section of document.querySelectorAll("main section"))
      section.classList.toggle("to-come", section.querySelector("li:not(.to-come)") === null);
    const line = lines[at];
    const said = line.querySelector(".said").cloneNode(true);
    const meaning = line.querySelector(".meaning").cloneNode(true);
    for (const details of meaning.querySelectorAll("details")) details.open = true;
    told.replaceChildren(said, meaning);
    position.textContent = `${at + 1} / ${lines.length}`;
    if (scroll) line.scrollIntoView({ block: "nearest" });
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    play.textContent = play.dataset.play;
  }

  function next() {
    if (at >= lines.length - 1) return stop();
    show(at + 1, true);
    wait();
  }

  function wait() {
    if (at >= lines.length - 1) return stop();
    const pause = (Number(lines[at + 1].dataset.t) - Number(lines[at].dataset.t)) * 1000;
    timer = setTimeout(next, Math.min(MOST_MS, Math.max(LEAST_MS, pause)) / Number(speed.value));
  }

  function toggle() {
    if (timer) return stop();
    if (at >= lines.length - 1) show(0, true);
    play.textContent = play.dataset.pause;
    wait();
  }

  function step(number) {
    stop();
    show(number, true);
  }

  const orders = {
    first: () => step(0), back: () => step(at - 1), play: toggle, next: () => step(at + 1), last: () => step(lines.length - 1),
  };
  const keys = {
    " ": orders.play, ArrowRight: orders.next, ArrowDown: orders.next, ArrowLeft: orders.back, ArrowUp: orders.back,
    Home: orders.first, End: orders.last,
  };
  for (const [name, order] of Object.entries(orders)) document.getElementById(name).addEventListener("click", order);
  for (const [n, line] of lines.entries()) line.addEventListener("click", () => step(n));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select")) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    const order = keys[event.key];
    if (!order) return;
    event.preventDefault();
    order();
  });
  bar.hidden = false;
  document.body.classList.add("replaying");
  show(0, false);
})();
