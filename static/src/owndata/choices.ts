// What a person states of their own data before it is read: it becomes public, so that nothing of it may be measured. What is
// proposed stands in the fields; what is confirmed there is said to be public.
import { el, say } from "../ui/dom";
import { type Find, columnsTable } from "./columns";
import { choice, line, numberField, textField } from "./fields";
import type { Look, Settings } from "./messages";

type Change = (change: Partial<Settings>) => void;

const oneOf: Record<string, string> = { image: "One picture", audio: "One recording", table: "One row", raw: "One record" };

export class ChoicesForm {
  readonly root = el("form", { class: "own-form", novalidate: true, "aria-label": "What these data are", submit: (event: Event) => event.preventDefault() });
  #fields = el("fieldset", {});
  #classes = el("p", { class: "note" });
  #change: Change;
  #find: Find;
  #made = ""; // what the fields were made for

  constructor(change: Change, find: Find) {
    this.#change = change;
    this.#find = find;
    this.root.append(this.#fields);
  }

  forget() {
    this.#made = "";
  }

  lock(locked: boolean) {
    this.#fields.disabled = locked;
  }

  /** Makes the fields anew where others are needed; what is typed stays otherwise. */
  show(look: Look, settings: Settings) {
    const { kind, table, folders, shape } = look;
    const made = JSON.stringify([kind, table?.dialect, table?.columns, table && settings.label, settings.person, settings.test === undefined, settings.testPublic, folders, settings.shape ? 0 : shape, needsHand(look, settings)]);
    if (made !== this.#made) {
      this.#made = made;
      const focused = document.activeElement?.id;
      this.#fields.replaceChildren(...this.#make(look, settings));
      if (focused && this.#fields.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused)!.focus();
    }
    const names = look.classes ?? [];
    say(this.#classes, names.length ? `${names.length} classes: ${names.slice(0, 30).join(", ")}${names.length > 30 ? " …" : ""}. Their names become public.` : "");
  }

  #make(look: Look, settings: Settings): HTMLElement[] {
    const change = this.#change;
    const parts: HTMLElement[] = [el("legend", {}, "State what is public of them"), line("Name", textField("own-name", settings.title, (title) => change({ title: title || "Your own data" })))];
    if (look.kind === "table") parts.push(...this.#table(look, settings));
    if (look.kind === "image") parts.push(...this.#pictures(look, settings));
    if (look.kind === "audio") parts.push(line("Seconds of each recording", numberField("own-seconds", look.seconds, (seconds) => change({ seconds: seconds ?? 1 }))));
    if (look.kind === "image" || look.kind === "audio") parts.push(...this.#labels(look, settings));
    const classes = textField("own-classes", settings.classes?.join(", ") ?? "", (text) => change({ classes: listOf(text) }));
    classes.placeholder = look.kind === "raw" ? "0, 1, 2" : "all that are there";
    parts.push(line("Classes", classes), this.#classes, ...this.#unit(look, settings));
    return parts;
  }

  #pictures(look: Look, settings: Settings): HTMLElement[] {
    const [channels, height, width] = settings.shape ?? look.shape;
    const now = { channels, height, width };
    const shape = (part: Partial<typeof now>) => {
      Object.assign(now, part);
      this.#change({ shape: [now.channels, now.height, now.width] });
    };
    return [
      line("Width", numberField("own-width", width, (width) => width && shape({ width }), true)),
      line("Height", numberField("own-height", height, (height) => height && shape({ height }), true)),
      line("Colour", choice("own-colour", [["1", "Grey"], ["3", "Colour"]], String(channels), (v) => shape({ channels: Number(v) }))),
      line("Fit", choice("own-fit", [["crop", "Crop to the middle"], ["pad", "Pad with black"], ["stretch", "Stretch"]], settings.fit ?? look.fit, (fit) => this.#change({ fit }))),
    ];
  }

  #labels(look: Look, settings: Settings): HTMLElement[] {
    const ways: [string, string][] = [["", "As it looks"], ["folder", "Their folders: cat/1.png"], ["name", "Their names: cat_1.png"], ["table", "A labels.csv beside them"], ["hand", "By hand, here"]];
    const by = line("Classes come from", choice("own-labelling", ways, settings.labelling ?? "", (labelling) => this.#change({ labelling: labelling || undefined, labels: labelling === "hand" ? settings.labels : undefined })));
    if (!needsHand(look, settings)) return [by];
    const labels = { ...settings.labels };
    return [by, el("fieldset", { class: "by-hand" }, el("legend", {}, "What is it?"), ...look.places.map((place, i) =>
      line(place, textField(`own-hand-${i}`, labels[place] ?? "", (label) => {
        if (label) labels[place] = label;
        else delete labels[place];
        this.#change({ labels: { ...labels } });
      }))))];
  }

  #table({ table }: Look, settings: Settings): HTMLElement[] {
    const { dialect, columns } = table!;
    const names = (columns ?? []).map((c): [string, string] => [c.name, c.name]);
    const spoken = (part: Partial<typeof dialect>) => this.#change({ dialect: { ...dialect, ...part }, columns: {}, label: undefined, person: undefined });
    const flag = (id: string, checked: boolean, act: (on: boolean) => void) => el("input", { id, type: "checkbox", role: "switch", checked, change: (event: Event) => act((event.target as HTMLInputElement).checked) });
    return [
      line("Columns end with", choice("own-delimiter", [[",", "Comma"], [";", "Semicolon"], ["\t", "Tab"], ["|", "Bar |"]], dialect.delimiter, (delimiter) => spoken({ delimiter }))),
      line("The first row names them", flag("own-header", dialect.header, (header) => spoken({ header }))),
      line("Decimal comma", flag("own-comma", dialect.comma, (comma) => spoken({ comma }))),
      ...(table!.guessed ? [el("p", { class: "note" }, "This is not UTF-8, and is taken for Windows-1252, as spreadsheets write it. Choose another encoding where letters come out wrong.")] : []),
      line("Encoding", choice("own-encoding", [["utf-8", "UTF-8"], ["windows-1252", "Windows-1252"], ["utf-16le", "UTF-16, little-endian"], ["utf-16be", "UTF-16, big-endian"]], dialect.encoding, (encoding) => spoken({ encoding }))),
      line("Label: what to learn", choice("own-label", [["", "Choose a column"], ...names], settings.label ?? "", (label) => this.#change({ label: label || undefined }))),
      columnsTable(columns ?? [], settings, (stated) => this.#change({ columns: stated }), this.#find),
    ];
  }

  #unit(look: Look, settings: Settings): HTMLElement[] {
    const one: [string, string] = ["", oneOf[look.kind] ?? "One record"];
    const parts = [];
    if (look.kind === "table") {
      const names = (look.table!.columns ?? []).filter((c) => c.name !== settings.label).map((c): [string, string] => [c.name, `One person, named by ${c.name}`]);
      parts.push(line("Privacy is for", choice("own-unit", [one, ...names], settings.person ?? "", (person) => this.#change({ person: person || undefined }))));
    } else if (look.kind !== "raw") {
      const levels = (look.folders ?? []).map((name, i): [string, string] => [String(i + 1), `One person, named by the folder (${name}, level ${i + 1})`]);
      parts.push(line("Privacy is for", choice("own-unit", [one, ...levels], String(settings.personLevel ?? ""), (level) => this.#change({ personLevel: Number(level) || undefined }))));
    }
    if (look.kind === "raw") return [];
    return [...parts, ...this.#heldOut(look, settings),
      el("p", { class: "note" }, `What is held out is ${settings.testPublic ? "public, by your word" : "private too: accuracy on it is noised, and costs some of the budget"}.`)];
  }

  /** A share, drawn by a key; or, of files, those that a publisher named. */
  #heldOut({ kind }: Look, settings: Settings): HTMLElement[] {
    const shares: [string, string][] = [["0", "None"], ["0.1", "A tenth"], ["0.2", "A fifth"], ["0.3", "Three tenths"]];
    if (kind !== "table") shares.push(["names", "Those of certain names"]);
    const now = settings.test === undefined ? String(settings.heldOut) : "names";
    const held = line("Held out for testing", choice("own-held-out", shares, now, (v) =>
      this.#change(v === "names" ? { test: "test_*", heldOut: 0 } : { test: undefined, testPublic: undefined, heldOut: Number(v) })));
    if (settings.test === undefined) return [held];
    return [held,
      line("Names, such as *_[0-4].mp3", textField("own-test", settings.test, (test) => this.#change({ test: test || "test_*" }))),
      line("They are public", el("input", { id: "own-test-public", type: "checkbox", role: "switch", checked: settings.testPublic ?? false, change: (event: Event) => this.#change({ testPublic: (event.target as HTMLInputElement).checked || undefined }) }))];
  }
}

const needsHand = (look: Look, settings: Settings) => settings.labelling === "hand" || (/no classes/i.test(look.needs) && !settings.labelling);

function listOf(text: string): string[] | undefined {
  const all = text.split(",").map((name) => name.trim()).filter(Boolean);
  return all.length > 0 ? all : undefined;
}
