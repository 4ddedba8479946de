// A certificate is dropped on the page, or chosen: its bounds are worked out anew, and the answer is yes or no, with the reason.
import { Taker } from "../take/taker";
import { byId, el, say } from "../ui/dom";

const most = 2 ** 24; // bytes, as package certificate has it

export function checkCertificates() {
  const taker = new Taker();
  const input = byId<HTMLInputElement>("certificate-file");
  byId("certificate-open").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = ""; // so that the same file can be chosen again
    if (file) void check(taker, file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void check(taker, file);
  });
}

async function check(taker: Taker, file: File) {
  const [answer, why, lines] = [byId("certificate-answer"), byId("certificate-why"), byId("certificate-lines")];
  const tell = (yes: boolean | undefined, words: string, reason: string) => {
    answer.className = yes === undefined ? "" : yes ? "right" : "wrong";
    say(answer, words);
    say(why, reason);
  };
  lines.replaceChildren();
  tell(undefined, `${file.name}: its bounds are worked out anew …`, "");
  byId("certificate-title").scrollIntoView({ block: "nearest" });
  try {
    if (file.size > most) throw new Error(`It has ${file.size} bytes, no certificate has more than ${most}.`);
    const { verdict } = await taker.ask("verdict", { type: "verify", file: new Uint8Array(await file.arrayBuffer()) });
    if (!verdict.valid) return tell(false, `No. ${file.name} is refused.`, verdict.field ? `${verdict.field}: ${verdict.why}` : verdict.why);
    tell(true, `Yes. ${verdict.statement}`, verdict.why);
    const row = (title: string, text: string) => el("div", {}, el("dt", {}, title), el("dd", {}, text));
    lines.replaceChildren(row("Worked out anew, upper bound", verdict.upper), row("Worked out anew, lower bound", verdict.lower), ...verdict.lines.map(({ title, text }) => row(title, text)));
  } catch (error) {
    tell(false, `${file.name} could not be checked.`, (error as Error).message);
  }
}
