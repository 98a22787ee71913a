// Teach the board a person's way: three takes of each gesture, which the page asks for.

import { activityLog } from "./activity.js";
import { get } from "./api.js";
import { chosenPorts, freeBoard } from "./board_choice.js";
import { attempt, button, el, field, select } from "./dom.js";
import { chosen, command, newest, running, start, stop, subscribe } from "./store.js";

const BUTTONS = [
  ["Repeat the newest", (activity) => command(activity.id, "redo")],
  ["Stop", (activity) => stop(activity.id)],
];

/** Returns [node, end]. */
export function enrolmentCard() {
  const name = el("input", { maxlength: 16, required: true });
  const model = el("div", {});
  const prompt = el("p", { class: "prompt", role: "status", "data-test": "enrolment" });
  const result = el("p", { role: "status" });
  const [log, endLog] = activityLog(() => newest("enrol")?.id, "the enrolment", BUTTONS);
  const begin = button("Enrol", () => name.reportValidity() && attempt(enrol));
  const node = el(
    "details",
    { class: "card", open: running("enrol").length > 0 },
    el("summary", {}, "Another person? Enrol them"),
    el("p", {}, "Three takes of each gesture teach the board their way, without a new model. A virtual board plays takes in an order of its own, so it only shows how this goes."),
    field("Name", name),
    model,
    begin,
    prompt,
    result,
    log,
  );
  async function enrol() {
    await freeBoard();
    await start("enrol", { run: model.querySelector("select").value, person: name.value, port: chosenPorts()[0] });
  }
  const show = () => {
    const activity = newest("enrol");
    const runs = activity?.state === "running";
    begin.disabled = runs || !model.querySelector("select");
    prompt.textContent = runs ? (activity.messages.capture?.prompt ?? "looking for the board") : "";
    result.textContent = activity?.messages.result ? enrolled(activity) : "";
  };
  attempt(async () => {
    model.replaceChildren(await modelField());
    show();
  });
  show();
  const unsubscribe = subscribe((_, activity) => {
    if (activity?.task === "enrol") show();
  });
  return [node, () => (unsubscribe(), endLog())];
}

async function modelField() {
  const ready = (await get("/api/runs")).filter((one) => one.state && one.state !== "trained" && one.task === "gesture");
  if (!ready.length) return el("p", {}, "There is no converted model yet. ", el("a", { href: "#deploy" }, "Convert one first"));
  return field("The model on the board", select(ready.map((one) => [`runs/${one.name}`, one.name]), ready.map((one) => `runs/${one.name}`).find((path) => path === chosen("run", ""))));
}

function enrolled({ options, messages }) {
  const { before, after, network_stays: stays } = messages.result.result;
  const decides = stays ? "The model alone does as well, so it goes on deciding." : "Their own takes decide now.";
  return `${options.person} is enrolled: of ${before.count} takes, ${before.right} were recognized before and ${after.right} are now. ${decides}`;
}
