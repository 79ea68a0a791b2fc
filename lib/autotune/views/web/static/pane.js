// One session: what stands above, the curve of effects, what runs now, and every experiment.

import { Effects, evidence } from "./charts.js";
import { debounced, el, fill, lines, problem, prose } from "./parts.js";

const COLUMNS = [
  ["number", "#", (row) => row.number],
  ["fate", "verdict", (row) => row.fate],
  ["effect", "effect", (row) => row.size ?? Infinity],
  ["description", "change", (row) => row.description.toLowerCase()],
  ["at", "when", (row) => row.at],
];
const TOGETHER = 20; // rows of one body of the table
const AT_ONCE = 100;
const LATER = 300;
const GROUPS = [
  ["", "all"],
  ["kept", "kept"],
  ["not", "not kept"],
  ["failed", "failed"],
];
const TELLS = [
  ["why", "Why it is where it is"],
  ["health", "Health over time"],
  ["playbooks", "Playbooks"],
  ["segments", "Segments"],
  ["dead_ends", "Dead ends"],
  ["earlier", "History"],
  ["ideas", "Ideas"],
  ["notes", "Notes"],
  ["noticed", "Noticed"],
  ["environment", "Environment"],
  ["deciding", "How a keep is decided"],
];

// A text without the word that it begins with, where that stands before it already.
function without(text, word) {
  return text.startsWith(word) ? text.slice(word.length).replace(/^[:.,]?\s+/, "") : text;
}

// Rows as bodies of a table, some in each.
function bodies(rows) {
  return Array.from({ length: Math.ceil(rows.length / TOGETHER) }, (_, at) => el("tbody", {}, rows.slice(at * TOGETHER, (at + 1) * TOGETHER)));
}

export class Pane {
  constructor(name, onState) {
    Object.assign(this, { name, onState, base: "", rows: new Map(), head: null, chart: null, version: -1 });
    this.sort = { by: "number", down: true };
    this.build();
    this.connect();
  }

  build() {
    const made = (tag, kind, more = {}) => (this[kind] = el(tag, { class: kind, ...more }));
    this.area = el("div", { class: "area" });
    this.effects = new Effects(this.area, {
      onPick: (row) => (location.hash = this.address(row.number)),
      onPoint: (row) => this.point(row),
      onDrawn: (left, width) => {
        this.strip.style.marginLeft = `${left}px`;
        this.strip.style.width = `${width}px`;
      },
    });
    const search = el("input", {
      type: "search",
      placeholder: "filter",
      "aria-label": "Filter experiments by their words",
      oninput: debounced(() => this.fillTable(), 120),
    });
    const group = el(
      "select",
      { "aria-label": "Which experiments", onchange: () => this.fillTable() },
      GROUPS.map(([value, label]) => el("option", { value }, label)),
    );
    Object.assign(this, { search, group });
    this.heads = COLUMNS.map(([by, label]) =>
      el("th", { class: by, scope: "col" }, el("button", { type: "button", onclick: () => this.sortBy(by) }, label)),
    );
    this.table = el("table", {}, el("thead", {}, el("tr", {}, this.heads)));
    this.tells = Object.fromEntries(
      TELLS.map(([name, title]) => [name, el("details", { open: name === "why" }, el("summary", {}, title), el("div"))]),
    );
    this.element = el(
      "section",
      { class: "pane", "aria-label": this.name },
      made("div", "trouble"),
      made("div", "top"),
      el(
        "div",
        { class: "columns" },
        el(
          "div",
          { class: "wide" },
          el("figure", { class: "effects" }, this.area, made("div", "strip"), made("p", "pointed", { "aria-hidden": "true" }), made("figcaption", "words")),
          el(
            "section",
            { class: "experiments" },
            el("div", { class: "bar" }, el("h2", {}, "Experiments"), search, group, made("span", "count", { role: "status" })),
            el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Experiments" }, this.table),
          ),
        ),
        el("div", { class: "side" }, made("div", "now"), made("div", "meters"), made("div", "figures")),
      ),
      el("div", { class: "tells" }, Object.values(this.tells)),
    );
    addEventListener("resize", (this.onResize = debounced(() => this.redraw(), 150)));
  }

  address(number) {
    return `${this.base}/${number}`;
  }

  // Where the address of this pane's experiments begins.
  standAt(base) {
    if (this.base === base) return;
    this.base = base;
    this.made?.clear();
    if (this.head) this.fillTable();
  }

  connect() {
    this.source = new EventSource(`/api/watch/${encodeURIComponent(this.name)}`);
    this.source.onopen = () => this.onState("live");
    this.source.onmessage = (event) => this.take(JSON.parse(event.data));
    this.source.onerror = () => {
      this.onState(this.source.readyState === EventSource.CLOSED ? "refused" : "lost");
      if (this.source.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.connect(), 2000);
    };
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.filling);
    this.source.close();
    removeEventListener("resize", this.onResize);
    this.effects.plot?.destroy();
    this.meter?.destroy();
  }

  redraw() {
    this.effects.again();
    this.drawn = null;
    if (this.head) this.fillNow();
  }

  take(news) {
    if (news.whole) this.rows.clear();
    for (const row of news.rows) this.rows.set(row.number, row);
    if ("problem" in news) fill(this.trouble, news.problem ? problem(news.problem) : null);
    if (news.chart !== undefined) this.chart = news.chart;
    if (news.head) this.head = news.head;
    if (news.background) this.background = news.background;
    if (!this.head) return;
    if (news.head) this.fillHead();
    if (news.background) this.fillBackground();
    if (news.rows.length || news.whole || news.chart !== undefined) {
      this.fillTable();
      this.fillCurve();
    }
    if (this.onRows && news.rows.length) this.onRows(news.rows);
  }

  ordered() {
    return [...this.rows.values()].sort((one, other) => one.number - other.number);
  }

  fillHead() {
    const { head } = this;
    const told = new Map(head.lines.map((line) => [line[0], line]));
    const claim = told.get("claim");
    fill(
      this.top,
      el("h1", {}, head.title),
      el("p", { class: "standing" }, el("span", { class: `badge ${head.tone}` }, head.health), " ", prose(without(told.get("health")?.[1] ?? "", head.health))),
      claim ? el("p", { class: `gained ${claim[2]}` }, el("small", {}, claim[0]), prose(claim[1])) : null,
    );
    this.fillNow();
    fill(
      this.meters,
      head.meters.map(({ used, text }) =>
        el("div", { class: "meter" }, el("span", {}, text), used === null ? null : el("progress", { max: "1", value: String(used), "aria-label": text })),
      ),
    );
    const above = head.lines.filter(([label]) => !["goal", "health", "claim", "now", "next", "measuring", "limits"].includes(label));
    fill(this.figures, lines(above));
    fill(this.tells.why.lastChild, lines(head.why));
    fill(this.tells.notes.lastChild, head.notes.length ? lines(head.notes) : "none yet");
    fill(this.tells.ideas.lastChild, el("pre", {}, head.ideas.join("\n")));
  }

  fillBackground() {
    const { told, titles } = this.background;
    for (const [name] of TELLS) if (told[name]) fill(this.tells[name].lastChild, told[name].length ? lines(told[name]) : "none yet");
    for (const [name, title] of Object.entries(titles)) {
      this.tells[name].firstChild.textContent = title;
      this.tells[name].hidden = !told[name].length;
    }
    this.fillStrip();
  }

  fillNow() {
    const { head } = this;
    const held = head.lines.filter(([label]) => ["measuring", "running", "interrupted", "open", "now", "next"].includes(label));
    const grown = head.evidence;
    const share = grown ? el("progress", { class: "evidence", max: "1", value: String(grown.share), "aria-label": grown.text }) : null;
    const key = JSON.stringify(grown);
    if (!this.held) {
      this.held = el("div");
      this.curve = el("div", { class: "curve", role: "img" });
      this.now.replaceChildren(el("h2", {}, "Now"), this.held, this.curve);
    }
    fill(this.held, lines(held), share);
    if (key === this.drawn) return;
    this.drawn = key;
    this.meter?.destroy();
    this.meter = null;
    this.curve.hidden = !grown || grown.points.length < 2;
    if (this.curve.hidden) return;
    this.curve.setAttribute("aria-label", grown.text);
    this.meter = evidence(this.curve, grown);
  }

  // Health after each experiment, and where playbooks began.
  fillStrip() {
    const { turns, played } = this.background;
    const last = Math.max(1, this.head.snapshot.experiments);
    const parts = turns.map((turn, place) => {
      const until = place + 1 < turns.length ? turns[place + 1].after : last;
      return { ...turn, length: until - turn.after };
    });
    const shown = parts.filter((one, place) => one.length > 0 || place === parts.length - 1);
    const key = JSON.stringify([shown, played, last]);
    if (key === this.stripped) return;
    this.stripped = key;
    const cells = shown.map((one) => {
      const cell = el("span", { class: one.tone, title: `${one.health}` }, this.area.clientWidth * (one.length / last) > 80 ? one.health : "");
      cell.style.flexGrow = String(Math.max(one.length, 0.2));
      return cell;
    });
    const marks = played.map((one) => {
      const mark = el("i", { title: one.name }, "▲");
      mark.style.left = `${(100 * Math.min(one.after, last)) / last}%`;
      return mark;
    });
    const label = shown.map((one) => one.health).join(", ");
    this.strip.replaceChildren(el("div", { class: "cells", role: "img", "aria-label": label }, cells), el("div", { class: "marks" }, marks));
  }

  fillCurve() {
    const rows = this.ordered();
    this.area.hidden = !this.chart || !rows.some((row) => row.plot);
    if (!this.chart) return;
    const marks = this.background.segments.filter((one) => one.after > 0);
    const { words, words_of_steps: steps, words_of_noise: noise } = this.chart;
    fill(this.words, ...[words, `the line: ${steps}`, `the noise: ${noise}`].map((text) => el("div", {}, prose(text))));
    this.area.setAttribute("role", "img");
    this.area.setAttribute("aria-label", words);
    if (!this.area.hidden) this.effects.show(rows, this.chart, marks);
  }

  point(row) {
    this.pointed.textContent = row ? `${row.number}: ${row.fate}${row.effect ? `, ${row.effect} ${row.interval}` : ""} — ${row.description}` : "";
  }

  sortBy(by) {
    this.sort = { by, down: this.sort.by === by ? !this.sort.down : by === "number" || by === "at" };
    this.fillTable();
  }

  fillTable() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const group = this.group.value;
    const [, , key] = COLUMNS.find(([by]) => by === this.sort.by);
    const fits = (row) => {
      if (group === "kept" && !row.kept) return false;
      if (group === "not" && row.kept) return false;
      if (group === "failed" && row.tone !== "bad") return false;
      const text = `${row.number} ${row.fate} ${row.effect} ${row.description} ${row.why} ${row.files}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const found = this.ordered().filter(fits);
    found.sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      return a < b ? -1 : a > b ? 1 : one.number - other.number;
    });
    if (this.sort.down) found.reverse();
    this.made ??= new Map();
    const element = (row) => {
      const held = this.made.get(row.number);
      if (held?.row === row) return held.element;
      const fresh = this.row(row);
      this.made.set(row.number, { row, element: fresh });
      return fresh;
    };
    this.table.replaceChildren(this.table.tHead, ...bodies(found.slice(0, AT_ONCE).map(element)));
    this.fillRest(found, element);
    COLUMNS.forEach(([by], place) =>
      this.heads[place].setAttribute("aria-sort", by !== this.sort.by ? "none" : this.sort.down ? "descending" : "ascending"),
    );
    this.count.textContent = found.length === this.rows.size ? `${found.length}` : `${found.length} of ${this.rows.size}`;
    if (this.tells.dead_ends.open) this.fillDeadEnds();
    else this.tells.dead_ends.ontoggle = () => this.fillDeadEnds();
  }

  // The rows that are not seen at once come when there is time.
  fillRest(found, element) {
    clearTimeout(this.filling);
    let place = AT_ONCE;
    const more = () => {
      this.table.append(...bodies(found.slice(place, place + LATER).map(element)));
      place += LATER;
      if (place < found.length) this.filling = setTimeout(more);
    };
    if (place < found.length) this.filling = setTimeout(more);
  }

  row(row) {
    return el(
      "tr",
      {},
      el("td", { class: "number" }, el("a", { href: this.address(row.number) }, String(row.number))),
      el("td", { class: `fate ${row.tone}` }, row.fate),
      el("td", { class: "effect" }, row.value && row.effect ? `${row.effect} (${row.value})` : row.effect, row.interval ? el("small", {}, row.interval) : null),
      el("td", { class: "description" }, prose(row.description)),
      el("td", { class: "at" }, row.at),
    );
  }

  fillDeadEnds() {
    const ends = this.ordered().filter((row) => !row.kept).reverse();
    const listed = ends.map((row) => [`${row.number}: ${row.fate}`, row.why ? `${row.description} — ${row.why}` : row.description, row.tone]);
    fill(this.tells.dead_ends.lastChild, el("p", { class: "quiet" }, this.background.dead_ends), lines(listed));
  }
}
