// A curve the size of a word.

const width = 96;
const height = 22;

/** Draws values from left to right, from 0 up. It says nothing to those who do not see it: words stand beside it. */
export function sparkline(values: number[]): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", sparkPath(values));
  svg.append(path);
  return svg;
}

/** Steps stay steps: each value holds until the next. */
export function sparkPath(values: number[]): string {
  const most = Math.max(...values);
  const wide = width / values.length;
  const short = (x: number) => Number(x.toFixed(1));
  const y = (value: number) => short(height - 2 - (value / most) * (height - 4));
  return `M0 ${y(values[0])}${values.map((value, i) => `V${y(value)}H${short((i + 1) * wide)}`).join("")}`;
}
