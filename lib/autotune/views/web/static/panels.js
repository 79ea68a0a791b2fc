// What stands beside the sessions: a workshop's prompt packs, a repository's skills.

import { means } from "./charts.js";
import { ask, el, lines } from "./parts.js";

export class Panels {
  constructor() {
    this.element = el("div", { class: "panels" });
    this.was = "";
  }

  async refresh() {
    const found = await ask("/api/panels");
    const text = JSON.stringify(found);
    if (text !== this.was) this.fill(found);
    this.was = text;
  }

  redraw() {
    if (this.was) this.fill(JSON.parse(this.was));
  }

  fill(found) {
    const drawn = [];
    this.element.replaceChildren(...found.map((one) => panel(one, drawn)));
    for (const [area, times] of drawn) if (area.clientWidth) means(area, times);
  }
}

function panel({ name, title, lines: said, cards }, drawn) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": `panel-${name}` },
    el("h2", { id: `panel-${name}` }, title),
    said.length ? lines(said) : null,
    el("ul", { class: "cards" }, cards.map((one) => card(one, drawn))),
  );
}

function card({ title, badge, intervals, times, meters, lines: said }, drawn) {
  const area = el("div", { class: "area", role: "img", "aria-label": times.map((one) => one.text).join("; ") });
  if (times.length > 1) drawn.push([area, times]);
  return el(
    "li",
    { class: "card" },
    el("h3", {}, title, " ", badge ? el("span", { class: `badge ${badge[1]}` }, badge[0]) : null),
    intervals.map(interval),
    times.length > 1 ? el("figure", {}, area) : null,
    meters.map(meter),
    said.length ? lines(said) : null,
  );
}

// A bar from 0 to 1: the interval, and where the mean is.
function interval({ name, value, low, high, text }) {
  const range = el("i", { class: "range" });
  range.style.left = `${100 * low}%`;
  range.style.width = `${100 * (high - low)}%`;
  const point = el("i", { class: "point" });
  point.style.left = `${100 * value}%`;
  return el("div", { class: "interval" }, el("span", {}, el("code", {}, name), " ", text), el("div", { class: "track", "aria-hidden": "true" }, range, point));
}

function meter({ name, share, text }) {
  return el("div", { class: "meter" }, `${name}: ${text}`, el("progress", { value: String(share), max: "1", "aria-label": name }));
}
