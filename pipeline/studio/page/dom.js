// Elements made of text: what boards, files and people say is never markup.

/** Make an element. Attributes that begin with `on` are listeners; `false` and `null` are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const SHOWN_MS = 8000; // of what is no error

export const button = (text, onclick, attributes = {}) =>
  el("button", { type: "button", onclick, ...attributes }, text);

let fields = 0;

/** A labelled field; `input` is an element. */
export function field(label, input, help = "") {
  input.id ||= `field-${(fields += 1)}`;
  const about = el("small", { id: `${input.id}-help` }, help);
  input.setAttribute("aria-describedby", about.id);
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input, about);
}

export const select = (options, value, attributes = {}) => {
  const node = el("select", attributes, options.map(([key, text]) => el("option", { value: key }, text)));
  if (value !== undefined) node.value = value;
  return node;
};

const notices = document.getElementById("notices");
const dialog = document.getElementById("dialog");
dialog.addEventListener("close", () => document.body.append(notices));

/** Show an error of the server, or a message, until it is closed. */
export function notice(problem, kind = "error") {
  const text = typeof problem === "string" ? { what: problem } : problem;
  const box = el(
    "div",
    { class: `notice ${kind}` },
    el("strong", {}, text.what ?? String(problem)),
    text.why ? el("p", {}, `Why: ${text.why}`) : null,
    text.next ? el("p", {}, `Next: ${text.next}`) : null,
    button("Close", () => box.remove()),
  );
  if (dialog.open) dialog.append(notices); // what is behind an open dialog cannot be reached
  notices.replaceChildren(box);
  if (kind !== "error") setTimeout(() => box.remove(), SHOWN_MS);
}

/** Take away what was said of something else. */
export const clearNotices = () => notices.replaceChildren();

/** Run something that may fail; its failure is shown. */
export async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    notice(problem);
    return undefined;
  }
}

export function openDialog(title, ...content) {
  const close = button("Close", () => dialog.close());
  dialog.replaceChildren(el("div", { class: "row between" }, el("h2", {}, title), close), ...content);
  if (!dialog.open) dialog.showModal();
  return dialog;
}
