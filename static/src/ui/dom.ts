// Elements without a framework: make one, find one, replace what is in one.

type Value = string | number | boolean | undefined | ((event: any) => void);

/** Makes an element. Functions become listeners, true an empty attribute; false and undefined are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Makes an element of a drawing. */
export function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** The element that a page's HTML promises under this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element as T;
}

/** Writes a text where it is another: what is said again would be read out again, and laid out again. */
export function say(element: HTMLElement, words: string) {
  if (element.textContent !== words) element.textContent = words;
}

/** Whether a person is writing there: what the page hears meanwhile must not write over it. */
export const isTypedInto = (field: HTMLElement) => field === document.activeElement && field instanceof HTMLInputElement;

/** Calls draw at most once a frame, however often it is asked; once a second in a hidden tab, which has no frames. */
export function eachFrame(draw: () => void): () => void {
  let frame = 0;
  let timer = 0;
  const now = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = 0;
    draw();
  };
  return () => {
    if (timer) return;
    frame = requestAnimationFrame(now);
    timer = window.setTimeout(now, 1000);
  };
}

/** Terms with their words; replaced only where they are others. */
export function fill(list: HTMLElement, rows: [string, string][]) {
  const words = rows.flat().join("\n");
  if (list.dataset.words === words) return;
  list.dataset.words = words;
  list.replaceChildren(...rows.map(([term, words]) => el("div", {}, el("dt", {}, term), el("dd", {}, words))));
}

/** Lets the browser do what waits, such as answer a press. */
export const pause = (): Promise<void> => (globalThis as any).scheduler?.yield?.() ?? new Promise((go) => setTimeout(go));

/** Waits until the browser has nothing to do, and no longer than half a second. */
export const idle = (): Promise<unknown> => new Promise((go) => ("requestIdleCallback" in globalThis ? requestIdleCallback(go, { timeout: 500 }) : setTimeout(go)));

const frame = () => new Promise<void>((come) => eachFrame(come)());

/**
 * Draws at once, but rarely enough that drawing, and the frame that shows it, take no more than this share of the time,
 * unless that would leave what is shown too old: later, if it is asked meanwhile.
 */
export function sparing(share: number, draw: () => Promise<void>): () => void {
  let asked = false;
  let free = true;
  const now = async () => {
    asked = free = false;
    const began = performance.now();
    await draw();
    const drawn = performance.now();
    await frame();
    const shown = performance.now();
    await pause();
    const cost = drawn - began + performance.now() - shown;
    setTimeout(() => {
      free = true;
      if (asked) void now();
    }, Math.min(Math.max(leastBetween, cost / share), mostBetween));
  };
  return () => {
    asked = true;
    if (free) void now();
  };
}

const leastBetween = 300; // milliseconds: nobody reads faster
const mostBetween = 2000; // one slow drawing, such as the first, leaves nobody with what was

/** Calls act once nobody has asked for this many milliseconds. */
export function debounced(milliseconds: number, act: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, milliseconds);
  };
}
