// A take as a small picture.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 40;
const LEAST = [2, 200]; // g and °/s that a picture spans at least: rest looks like rest

/** An SVG of `{channels, t_s, values}`: acceleration above, rotation below. */
export function picture(points, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${2 * HEIGHT}`);
  if (label) describe(svg, label);
  else svg.setAttribute("aria-hidden", "true"); // its button has a name
  const kinds = [points.values.slice(0, 3), points.values.slice(3, 6)];
  kinds.forEach((columns, kind) => {
    const most = Math.max(...columns.flat().map(Math.abs), LEAST[kind]);
    columns.forEach((column, axis) => svg.append(line(points.t_s, column, most, kind, axis)));
  });
  return svg;
}

export function describe(svg, label) {
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
}

function line(times, values, most, kind, axis) {
  const path = document.createElementNS(SVG, "polyline");
  const long = times.at(-1) || 1;
  const places = values.map((value, at) => {
    const x = (times[at] / long) * WIDTH;
    const y = kind * HEIGHT + HEIGHT / 2 - (value / most) * (HEIGHT / 2 - 2);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  path.setAttribute("points", places.join(" "));
  path.setAttribute("class", `axis-${"xyz"[axis]}`);
  return path;
}
