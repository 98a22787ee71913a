// Which boards are used: those that were ticked on the Connect page, or any that is plugged in.

import { el } from "./dom.js";
import { choose, chosen, ended, running, stop, subscribe } from "./store.js";

/** The ports of the boards that were chosen; `auto` without any. */
export const chosenPorts = () => {
  const ports = chosen("ports", []);
  return ports.length ? ports : ["auto"];
};

/** Choose virtual boards as they start, whatever page is open; one that has ended is not used. */
export function followBoards() {
  subscribe((message, activity) => {
    if (message.type === "state" && !chosen("ports", []).length) running("board").forEach(use);
    if (activity?.task === "board" && message.type !== "step") use(activity);
  });
}

function use(activity) {
  const port = activity.messages.port?.port;
  if (!port) return;
  const others = chosen("ports", []).filter((device) => device !== port);
  choose("ports", activity.state === "running" ? [...others, port] : others);
}

/** Which board a page uses, and where another is chosen. */
export function boardLine() {
  const which = el("span", {});
  const show = () => {
    const ports = chosen("ports", []);
    which.textContent = ports.length ? `Board: ${ports.join(", ")}. ` : "No board is chosen; one that is plugged in is used. ";
  };
  show();
  const unsubscribe = subscribe((_, activity) => {
    if (!which.isConnected) unsubscribe();
    else if (activity?.task === "board") show();
  });
  return el("p", { class: "soft", "data-test": "board" }, which, el("a", { href: "#connect" }, "Choose a board"));
}

/** End what only looks at a board, so that it can be used. A recording is never ended by this. */
export async function freeBoard() {
  for (const activity of running("monitor")) {
    await stop(activity.id);
    await ended(activity.id);
  }
}
