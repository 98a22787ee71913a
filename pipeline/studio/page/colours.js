// Colours of the style sheet as a canvas needs them: light and dark are resolved.

export const AXES = ["--axis-x", "--axis-y", "--axis-z"];

export function colour(name) {
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
