// Where an element puts what it shows: a shadow tree with the styles in it; or, on pages of the site, whose guard takes shadow trees away
// (a frame could hide in one), itself. There the site's own style sheet has the same rules.
declare const STYLES: string;

let sheet: CSSStyleSheet | undefined;

export function host(element: HTMLElement): ParentNode & Node {
  if (typeof element.attachShadow !== "function" || STYLES === "") {
    element.replaceChildren(); // what stood there for readers without scripts
    return element;
  }
  const root = element.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet(); // an embedder's style-src does not refuse it
    sheet.replaceSync(STYLES);
  }
  root.adoptedStyleSheets = [sheet];
  return root;
}
