// The editor, a bundle of its own: nobody who does not write a mechanism loads it.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { StyleModule } from "style-mod";

// The page's policy allows no style element; a sheet that a script makes is none.
// Of two rules the later module's holds.
const mounted = new Map<StyleModule, CSSStyleSheet>();
StyleModule.mount = (_root, modules) => {
  const sheets = (Array.isArray(modules) ? modules : [modules as StyleModule]).map(sheetOf);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet)), ...sheets];
};

function sheetOf(module: StyleModule): CSSStyleSheet {
  const made = mounted.get(module);
  if (made) return made;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(module.getRules());
  mounted.set(module, sheet);
  return sheet;
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: "var(--good, var(--accent))" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.definition(tags.variableName), tags.className, tags.function(tags.propertyName)], fontWeight: "600" },
]);

const theme = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "inherit", fontSize: "0.88rem", maxHeight: "40rem" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-content": { caretColor: "currentColor", minHeight: "24rem" },
  ".cm-scroller": { overflow: "auto" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
});

export interface Editor {
  text(): string;
  write(text: string): void;
  /** Marks a line, from 1, and goes there; no line: no mark. */
  mark(line?: number, words?: string): void;
  /** Goes to a character, from 0. */
  focus(at: number): void;
}

export function edit(parent: HTMLElement, text: string, changed: () => void): Editor {
  const extensions = [
    lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), javascript(), syntaxHighlighting(colours), theme,
    keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]), // Escape, then Tab, leaves
    EditorView.contentAttributes.of({ "aria-label": "Code of the mechanism", tabindex: "0", spellcheck: "false" }),
    EditorView.updateListener.of((update) => update.docChanged && changed()),
  ];
  const view = new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
  return {
    text: () => view.state.doc.toString(),
    write: (insert) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } }),
    mark: (line, message = "") => {
      const at = line && line <= view.state.doc.lines ? view.state.doc.line(line) : undefined;
      view.dispatch(setDiagnostics(view.state, at ? [{ from: at.from, to: at.to, severity: "error", message }] : []));
      if (at) view.dispatch({ selection: { anchor: at.from }, scrollIntoView: true });
    },
    focus: (at) => {
      view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) } });
      view.focus();
    },
  };
}
