// Colours of the style sheet as a canvas needs them: light and dark are resolved.

export const AXES = ["--axis-x", "--axis-y", "--axis-z"];

const resolved = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => resolved.clear());

/** What a chart asks at each drawing, as light and dark may change. */
export const colour = (name) => () => {
  if (!resolved.has(name)) resolved.set(name, resolve(name));
  return resolved.get(name);
};

function resolve(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** An axis of a chart; more: other options of it. */
export const axis = (more = {}) => ({
  stroke: colour("--ink-soft"),
  grid: { stroke: colour("--line"), width: 1 },
  ticks: { stroke: colour("--line"), width: 1 },
  ...more,
});
