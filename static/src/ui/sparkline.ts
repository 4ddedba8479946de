// A curve the size of a word.

const width = 96;
const height = 22;

/** Draws values from left to right, from 0 up; words say what it is. */
export function sparkline(values: number[], words: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${words}: from ${Number(values[0].toPrecision(3))} to ${Number(values.at(-1)!.toPrecision(3))}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", sparkPath(values));
  svg.append(path);
  return svg;
}

/** At most one point for each unit of width. */
export function sparkPath(values: number[]): string {
  const most = Math.max(...values);
  const n = Math.min(values.length, width);
  const points = Array.from({ length: n }, (_, i) => {
    const value = values[n === 1 ? 0 : Math.round((i * (values.length - 1)) / (n - 1))];
    const x = n === 1 ? width : (i * width) / (n - 1);
    return `${Number(x.toFixed(1))} ${Number((height - 2 - (value / most) * (height - 4)).toFixed(1))}`;
  });
  return `M${points.join("L")}`;
}
