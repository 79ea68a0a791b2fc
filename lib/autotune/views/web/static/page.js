// The page: who comes in, which sessions are shown, and one experiment in full.

import { samples } from "./charts.js";
import { Pane } from "./pane.js";
import { Panels } from "./panels.js";
import { ask, debounced, el, lines, problem, prose } from "./parts.js";

const main = document.getElementById("main");
const places = document.getElementById("places");
const line = document.getElementById("line");
const dialog = document.getElementById("close-up");
const panes = new Map();
const panels = new Panels();
let listed = [];
let timer = 0;
let shown = null;
let count = 0;

const REFUSED = { message: "This page needs a link.", hint: "`autotune dashboard --web` gives one that is good once." };
const STATES = { live: "", lost: "connection lost, trying again", refused: "not let in" };

// Where the address leads: sessions by name, and an experiment.
function place() {
  const [, first, second, which, number] = location.hash.match(/^#\/s\/([^/]+)(?:\/with\/([^/]+))?(?:\/(first|second)\/(\d+))?$/) ?? [];
  const names = [first, second].filter(Boolean).map(decodeURIComponent);
  return { names, number: number ? Number(number) : null, of: names[which === "second" ? 1 : 0] };
}

function address(names) {
  const [first, second] = names.map(encodeURIComponent);
  return `#/s/${first}${second ? `/with/${second}` : ""}`;
}

async function enter() {
  const given = new URLSearchParams(location.hash.replace(/^#/, ""));
  const token = given.get("enter");
  if (!token) return;
  const session = given.get("session");
  history.replaceState(null, "", session ? address([session]) : "#/");
  await fetch("/enter", { method: "POST", credentials: "same-origin", headers: { "X-Autotune-Token": token } });
}

function tell(name, state) {
  panes.get(name) && (panes.get(name).state = state);
  const worst = [...panes.values()].map((one) => one.state).find((one) => STATES[one]);
  line.textContent = worst ? STATES[worst] : panes.size ? "live" : "";
  line.className = worst ? "bad" : "good";
  const pane = panes.values().next().value;
  if (pane?.head) document.title = `${pane.head.health}: ${pane.name}`;
}

function fillPlaces(names) {
  const choose = (label, value, others, chosen) =>
    el(
      "label",
      {},
      label,
      el(
        "select",
        { onchange: (event) => chosen(event.target.value) },
        others.map(([name, text]) => el("option", { value: name, selected: name === value }, text)),
      ),
    );
  const all = listed.map(({ name }) => [name, name]);
  places.replaceChildren(
    ...(names.length && all.length
      ? [
          choose("session ", names[0], all, (name) => (location.hash = address([name]))),
          all.length > 1
            ? choose("next to ", names[1] ?? "", [["", "none"], ...all.filter(([name]) => name !== names[0])], (name) => {
                location.hash = address(name ? [names[0], name] : [names[0]]);
              })
            : null,
        ].filter(Boolean)
      : []),
  );
}

async function route() {
  clearTimeout(timer);
  const { names, number, of } = place();
  for (const name of names) if (!panes.has(name)) panes.set(name, new Pane(name, (state) => tell(name, state)));
  arrange(names);
  try {
    listed = await ask("/api/sessions");
  } catch (error) {
    if (error.status === 401) {
      main.replaceChildren(problem(REFUSED));
      return;
    }
    line.textContent = STATES.lost;
    timer = setTimeout(route, 1000);
    if (!panes.size) return;
  }
  const known = names.filter((name) => listed.some((one) => one.name === name) || panes.get(name)?.head);
  fillPlaces(known);
  arrange(known);
  if (!known.length) {
    fillList();
    timer = setTimeout(route, 5000);
  }
  tell();
  await closeUp(of, number);
}

// Puts the panes of these sessions beside each other, and takes the others away.
function arrange(names) {
  for (const [name, pane] of panes) {
    if (names.includes(name)) continue;
    pane.close();
    panes.delete(name);
  }
  main.className = names.length > 1 ? "two" : "";
  const wanted = names.map((name) => panes.get(name).element);
  if (wanted.length && (main.children.length !== wanted.length || wanted.some((one, at) => one !== main.children[at]))) main.replaceChildren(...wanted);
  names.forEach((name, at) => panes.get(name).standAt(`${address(names)}/${at ? "second" : "first"}`));
  if (count !== names.length) for (const name of names) panes.get(name).redraw();
  count = names.length;
}

function fillList() {
  document.title = "autotune";
  const cards = listed.map((one) =>
    one.problem
      ? el("li", { class: "card" }, el("h2", {}, el("a", { href: address([one.name]) }, one.name)), problem(one.problem))
      : el(
          "li",
          { class: "card" },
          el("h2", {}, el("a", { href: address([one.name]) }, one.name), " ", el("span", { class: `badge ${one.tone}` }, one.health)),
          lines([
            ["goal", one.title, ""],
            ["value", one.value, ""],
            ...(one.claim ? [["claim", one.claim, ""]] : []),
            ["experiments", one.experiments, ""],
            ["limits", one.limits, ""],
          ]),
        ),
  );
  const sessions = el("div", {}, el("h1", {}, "Sessions"), cards.length ? el("ul", { class: "cards" }, cards) : el("p", {}, "none yet"));
  if (main.lastElementChild === panels.element && main.children.length === 2) main.firstElementChild.replaceWith(sessions);
  else main.replaceChildren(sessions, panels.element);
  panels.refresh().catch(() => {});
}

async function closeUp(name, number) {
  const key = name && number ? `${name}/${number}` : null;
  if (key === shown && dialog.open === Boolean(key)) return;
  shown = key;
  if (!key) {
    dialog.close();
    return;
  }
  let found;
  try {
    found = await ask(`/api/session/${encodeURIComponent(name)}/${number}`);
  } catch (error) {
    found = { problem: { message: `Experiment ${number} cannot be shown.`, hint: error.message } };
  }
  if (shown === key) fillCloseUp(name, number, found);
}

let drawSamples = () => {};

function fillCloseUp(name, number, found) {
  const numbers = [...(panes.get(name)?.rows.keys() ?? [])].sort((one, other) => one - other);
  const at = numbers.indexOf(number);
  const step = (label, to) => (to && panes.has(name) ? el("a", { href: panes.get(name).address(to), class: "step" }, label) : null);
  const area = el("div", { class: "area", role: "img" });
  const body = found.problem
    ? [problem(found.problem)]
    : [
        lines(found.lines.filter(([label]) => label !== "output")),
        found.samples ? el("h3", {}, "Samples") : null,
        found.samples ? el("figure", {}, area, el("figcaption", {}, `● ${found.samples.words.candidate}  ○ ${found.samples.words.incumbent}`)) : null,
        found.pairs.length ? pairs(found.pairs) : null,
        found.cases.length ? el("h3", {}, "Cases") : null,
        ...found.cases.map(cases),
        ...found.lines.filter(([label]) => label === "output").flatMap(([, text]) => [el("h3", {}, "Output"), el("pre", { tabindex: "0" }, text)]),
        found.diff ? el("h3", {}, "Change") : null,
        found.diff ? diff(found.diff) : null,
      ];
  dialog.replaceChildren(
    el(
      "div",
      { class: "bar" },
      el("h2", { id: "close-up-title", tabindex: "-1", autofocus: true }, `Experiment ${number}`),
      step("← earlier", numbers[at - 1]),
      step("later →", numbers[at + 1]),
      el("button", { type: "button", class: "close", onclick: () => dialog.close() }, "close"),
    ),
    ...body.filter(Boolean),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  drawSamples = () => {};
  if (!found.samples) return;
  area.setAttribute("aria-label", Object.values(found.samples.words).join(", "));
  drawSamples = () => {
    area.replaceChildren();
    samples(area, found.samples);
  };
  drawSamples();
}

function pairs(found) {
  return el(
    "details",
    {},
    el("summary", {}, "Pair by pair"),
    el(
      "table",
      { class: "pairs" },
      el("thead", {}, el("tr", {}, ["pair", "candidate", "incumbent"].map((label) => el("th", { scope: "col" }, label)))),
      el(
        "tbody",
        {},
        found.map((one) => el("tr", {}, el("td", {}, String(one.pair)), el("td", {}, one.candidate.join(", ")), el("td", {}, one.incumbent.join(", ")))),
      ),
    ),
  );
}

// How many cases went which way, and single ones where they may be seen.
function cases({ label, counts, text, cases: each, more }) {
  const bar = ["better", "same", "worse"].map((way) => {
    const part = el("i", { class: way });
    part.style.flex = `${counts[way]} 0 0`;
    return part;
  });
  const went = { better: "▲ better", worse: "▼ worse", same: "the same" };
  const table = el(
    "table",
    { class: "of-cases" },
    el("thead", {}, el("tr", {}, ["case", "before", "after", ""].map((head) => el("th", { scope: "col" }, head)))),
    el(
      "tbody",
      {},
      each.map((one) => el("tr", {}, el("td", {}, one.case), el("td", {}, one.before), el("td", {}, one.after), el("td", { class: one.went }, went[one.went]))),
    ),
  );
  return el(
    "div",
    { class: "part" },
    el("p", {}, `${label}: ${text}`),
    el("div", { class: "split", "aria-hidden": "true" }, bar),
    each.length ? el("details", { open: each.length <= 12 }, el("summary", {}, "Case by case"), table, more ? el("p", { class: "quiet" }, more) : null) : null,
  );
}

function diff(found) {
  const tags = { added: "ins", removed: "del" };
  const parts = found.parts.map(([kind, texts]) => el(tags[kind] ?? "span", { class: kind }, `${texts.join("\n")}\n`));
  return el("div", {}, el("pre", { class: "diff", tabindex: "0" }, parts), found.more ? el("p", { class: "quiet" }, prose(found.more)) : null);
}

dialog.addEventListener("close", () => {
  const { names, number } = place();
  if (number) location.hash = address(names);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
addEventListener("hashchange", route);

function redraw() {
  panels.redraw();
  if (dialog.open) drawSamples();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const pane of panes.values()) pane.redraw();
  redraw();
});
addEventListener("resize", debounced(redraw, 150));
await enter();
await route();
