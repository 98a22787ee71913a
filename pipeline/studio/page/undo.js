// Discarded takes: the newest comes back with a click, also after a reload.

import { get, post } from "./api.js";
import { attempt, button, el } from "./dom.js";
import { addressOf } from "./take.js";

/** Show in `node` what is discarded in a data set; onRestored: after a take is back. */
export async function showUndo(node, dataset, onRestored) {
  if (dataset.includes("/")) return node.replaceChildren(); // no data set has this name
  const discarded = await get(`/api/datasets/${encodeURIComponent(dataset)}/discarded`);
  if (!discarded.length) return node.replaceChildren();
  const newest = discarded.at(-1);
  const restore = async () => {
    await post(addressOf(dataset, newest.id), { action: "restore" });
    await onRestored();
  };
  const what = discarded.length === 1 ? `${newest.label} was discarded.` : `${discarded.length} takes were discarded, ${newest.label} last.`;
  node.replaceChildren(el("span", {}, what), button("Undo", () => attempt(restore)));
}
