// Files that are dropped: what was understood comes first, then they are saved.

import { post, put } from "./api.js";
import { attempt, button, el, field, notice } from "./dom.js";
import { choose, chosen } from "./store.js";

export function importCard(onSaved) {
  const result = el("div", { role: "status" });
  const input = el("input", { type: "file", multiple: true, "aria-label": "Files to import", onchange: () => attempt(() => take([...input.files].map((file) => [file.name, file]))) });
  const drop = el("div", { class: "drop" }, el("p", {}, "Drop recordings here: CSV, JSON, zip and more"), input);
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", is);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    attempt(async () => take((await Promise.all(entries.map(filesIn))).flat()));
  });
  async function take(files) {
    if (!files.length) return;
    result.replaceChildren(el("p", {}, `reading ${files.length} files`));
    const { import: number } = await post("/api/imports");
    for (const [path, file] of files) await put(`/api/imports/${number}/files/${path.split("/").map(encodeURIComponent).join("/")}`, file);
    await new Preview(number, result, onSaved).show();
    input.value = "";
  }
  return el("section", { class: "card", "aria-label": "Import" }, el("h2", {}, "Import"), drop, result);
}

async function filesIn(entry, above = "") {
  const path = above + entry.name;
  if (entry.isFile) return [[path, await new Promise((done, fail) => entry.file(done, fail))]];
  const reader = entry.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    all.push(...some);
  }
  return (await Promise.all(all.map((one) => filesIn(one, `${path}/`)))).flat();
}

const takesIn = (count) => `${count} ${count === 1 ? "take" : "takes"}`;

/** What was understood, fields that answer what is open, and a button that saves. */
class Preview {
  constructor(number, node, onSaved) {
    this.number = number;
    this.node = node;
    this.onSaved = onSaved;
    this.dataset = el("input", { value: chosen("dataset", "mine"), maxlength: 60, required: true });
    this.answers = {};
  }

  async show() {
    const wish = { dataset: this.dataset.value, ...this.answers };
    const found = await post(`/api/imports/${this.number}/understand`, wish);
    const asks = found.questions.map((question) => this.question(question));
    const save = button(`Save ${takesIn(found.recordings)}`, () => attempt(() => this.save()), { class: "main", disabled: found.recordings === 0 });
    this.node.replaceChildren(
      el("h3", {}, "What was understood"),
      el("ul", { "data-test": "understood" }, ...found.understood.map((line) => el("li", {}, line))),
      list("Noted", found.noted, "soft"),
      list("Left out", found.left_out, "bad"),
      ...asks,
      this.fields(),
      el("div", { class: "row" }, field("Into the data set", this.dataset), save, button("Do not save", () => this.node.replaceChildren())),
    );
  }

  question(question) {
    const answer = el("input", { placeholder: question.example });
    const give = () => {
      this.answers[question.key] = answer.value;
      attempt(() => this.show());
    };
    return el("div", { class: "row" }, field(question.what, answer), button("Answer", give));
  }

  /** To correct what was understood. */
  fields() {
    const names = { label: "Label", label_from: "Labels from: column, folder, name, first-word or last-word", person: "Person", units: "Units, as: g, deg/s", rate_hz: "Samples a second", take_rows: "Samples of a take", columns: "Columns, as: ax,ay,az,gx,gy,gz" };
    const inputs = Object.entries(names).map(([key, text]) => [key, text, el("input", { value: this.answers[key] ?? "" })]);
    const again = () => {
      for (const [key, , input] of inputs) this.answers[key] = input.value.trim();
      attempt(() => this.show());
    };
    return el("details", {}, el("summary", {}, "Something is wrong: correct it"), ...inputs.map(([, text, input]) => field(text, input)), button("Read again", again));
  }

  async save(isNew = false) {
    if (!this.dataset.reportValidity()) return;
    try {
      const saved = await post(`/api/imports/${this.number}/save`, { dataset: this.dataset.value, new_label: isNew });
      choose("dataset", saved.dataset);
      this.node.replaceChildren();
      notice({ what: `${takesIn(saved.takes)} saved in ${saved.dataset}.` }, "info");
      await this.onSaved();
    } catch (problem) {
      if (problem.kind !== "SimilarLabelError" || isNew || !confirm(`${problem.what} Is another gesture meant?`)) throw problem;
      await this.save(true);
    }
  }
}

const list = (title, lines, kind) =>
  lines.length ? el("div", { class: kind }, el("strong", {}, title), el("ul", {}, ...lines.map((line) => el("li", {}, line)))) : "";
