// What an activity says while it runs: steps, its end, and a button that stops it.

import { attempt, button, el } from "./dom.js";
import { activities, stop, subscribe } from "./store.js";

const STOP = [["Stop", (activity) => stop(activity.id)]];

/** The log of the activity `current()`, kept up to date; buttons: of a running one. Returns [node, end]. */
export function activityLog(current, title, buttons = STOP) {
  const log = el("ol", { class: "log", tabindex: "0", "aria-label": `What ${title} says` });
  const head = el("div", { class: "row between" });
  const node = el("div", { class: "activity" }, head, log);
  const show = () => {
    const activity = activities.get(current());
    node.hidden = !activity;
    if (!activity) return;
    const isRunning = activity.state === "running";
    const shown = buttons.map(([text, work]) => button(text, () => attempt(() => work(activity))));
    head.replaceChildren(el("strong", {}, `${title}: ${activity.state}`), ...(isRunning ? shown : []));
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
