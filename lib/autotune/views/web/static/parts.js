// Elements of a page. Text from elsewhere is only ever text: nothing here reads markup.

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

// A text in which what stands in backticks is code.
export function prose(text) {
  return text.split(/(`[^`\n]+`)/).filter(Boolean).map((part) => (/^`[^`\n]+`$/.test(part) ? el("code", {}, part.slice(1, -1)) : part));
}

// Labelled lines, as core/tell gives them: label, text, tone.
export function lines(list, kind = "lines") {
  const found = list.flatMap(([label, text, tone]) => [el("dt", {}, label), el("dd", { class: tone }, prose(text))]);
  return el("dl", { class: kind }, found);
}

export function problem({ message, hint }) {
  return el("div", { class: "problem", role: "alert" }, el("strong", {}, prose(message)), el("p", {}, prose(hint)));
}

// Puts children in the place of what is there, unless they say the same: what is selected or focused stays so.
export function fill(element, ...children) {
  const fresh = el("div", {}, ...children);
  if (element.dataset.was === fresh.innerHTML && element.childNodes.length) return;
  element.dataset.was = fresh.innerHTML;
  element.replaceChildren(...fresh.childNodes);
}

export async function ask(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
  return answer.json();
}

export function debounced(work, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}
