// The tables of the tutorial on features: what others report and what came of our experiments. Nothing in them is written in a page.

const sets = { mnist: "MNIST", "fashion-mnist": "Fashion-MNIST", "cifar-10": "CIFAR-10" };
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const row = (head, cells, of = "") => `<tr${of}><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
const heads = (...names) => `<thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>`;
const table = (caption, head, rows) => `<div class="scroll claims" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption>${head}<tbody>${rows.join("")}</tbody></table></div>`;
const percent = (value) => value.toFixed(/\.\d\d/.test(String(value)) ? 2 : 1); // with the digits that were reported

/** Accuracy at epsilon 3: rows of docs/experiments/claims.json, and ours as far as there are runs of them (standings of build/leaderboard.json). */
export function record({ published, ours }, { standings }) {
  const theirs = published.map(({ method, source, recalled, accuracy, accounting }) =>
    row(`<a href="${source}">${escaped(method)}</a>`, [...Object.keys(sets).map((set) => (set in accuracy ? (recalled ? `≈ ${accuracy[set]}*` : percent(accuracy[set])) : "")), escaped(accounting)]));
  const mine = ours.flatMap(({ method, setting, mechanism }) => {
    const found = Object.keys(sets).map((set) => standings.find((s) => s.setting === setting && s.mechanism === mechanism && s.dataset === set));
    if (!found.some(Boolean)) return [];
    return [row(escaped(method), [...found.map((s) => (s ? measured(s) : "")), proof(found.filter(Boolean))], ' class="ours"')];
  });
  return table("Test accuracy in per cent at ε = 3 and δ = 0.00001, without public data", heads("Method", ...Object.values(sets), "What its ε is"), [...mine, ...theirs]);
}

const measured = ({ accuracy, half }) => `${(100 * accuracy).toFixed(2)} ± ${(100 * half).toFixed(2)}`;

function proof(found) {
  const most = Math.ceil(1000 * Math.max(...found.map(({ epsilon }) => epsilon))) / 1000;
  return `proven, at most ${most.toFixed(3)}; runs: ${found.map(({ runs }) => runs).join(", ")}`;
}

/** Accuracy from few records: heads on features as measured, and the best of the small networks (train/expect.json). */
export function few({ few }, expected) {
  const rows = few.map(({ dataset, records, epsilon, runs }) => {
    const networks = expected.filter((r) => r.kind === "image" && r.data === dataset && r.records === records && r.epsilon === epsilon && r.delta === 1e-5);
    const best = Math.max(...networks.map(({ accuracy }) => 100 * accuracy));
    return row(`${sets[dataset]}, ${records.toLocaleString("en")} records`, [best.toFixed(2), runs.map((run) => run.toFixed(2)).join(", ")]);
  });
  return table("Test accuracy in per cent at ε = 3, from few records", heads("Records", "Best small model on pixels", "Linear head on features, each run"), rows);
}
