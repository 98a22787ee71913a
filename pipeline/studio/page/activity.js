// What an activity says while it runs: steps, its end, and a button that stops it.

import { attempt, button, el } from "./dom.js";
import { activities, stop, subscribe } from "./store.js";

/** The log of the activity `current()`, kept up to date; returns [node, end]. */
export function activityLog(current, title) {
  const log = el("ol", { class: "log", tabindex: "0", "aria-label": `What ${title} says` });
  const head = el("div", { class: "row between" });
  const node = el("div", { class: "activity" }, head, log);
  const show = () => {
    const activity = activities.get(current());
    node.hidden = !activity;
    if (!activity) return;
    const isRunning = activity.state === "running";
    const stopping = button("Stop", () => attempt(() => stop(activity.id)));
    head.replaceChildren(el("strong", {}, `${title}: ${activity.state}`), isRunning ? stopping : "");
    log.replaceChildren(...activity.steps.map((text) => el("li", {}, text)), ...failure(activity));
    log.scrollTop = log.scrollHeight;
  };
  show();
  const kinds = ["state", "activity", "step", "result", "error", "stopped"];
  const end = subscribe((message) => {
    if (kinds.includes(message.type)) show();
  });
  return [node, end];
}

function failure(activity) {
  const error = activity.messages.error;
  if (!error) return [];
  return [error.what, `Why: ${error.why}`, `Next: ${error.next}`].map((text) => el("li", { class: "bad" }, text));
}
