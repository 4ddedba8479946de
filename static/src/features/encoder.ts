// What a person's own encoder is asked and gives: which networks are taken, what a record becomes for one, and what becomes of what it
// gives. All of it is a function of one record.

export interface Shape {
  channels: number;
  height: number;
  width: number;
}

/** What is declared of an encoder's inputs and outputs, as onnxruntime-web tells it. */
export type Declared = { name: string; isTensor: false } | { name: string; isTensor: true; type: string; shape: readonly (number | string)[] };

/** What a pixel becomes; see features.Encoder, in Go. */
export type Values = "unit" | "signed" | "imagenet";

/** What becomes of what it gives for places of a picture. */
export type Positions = "mean" | "all";

/** What we say of a file ourselves, rather than the runtime. */
export class Refusal extends Error {}

export interface Taken {
  input: string;
  output: string; // the first
  shape: Shape;
}

const maxInput = 1 << 22; // values: 1182 x 1182 in three colours

/** How an encoder is asked about records of a shape; an error says what to change where it cannot be. */
export function taken(inputs: readonly Declared[], outputs: readonly Declared[], record: Shape): Taken {
  if (inputs.length !== 1) throw new Refusal(`it has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ").slice(0, 200)}), and one is wanted, the picture: export the part of it that sees pictures`);
  const [input] = inputs;
  if (!input.isTensor || input.type !== "float32") throw new Refusal(`its input is of type ${input.isTensor ? input.type : "other than a tensor"}, and float32 is wanted: export it with inputs of 32 bits`);
  const { shape } = input;
  const said = `its input is of shape ${shape.join(" x ") || "unknown"}`;
  if (shape.length !== 4) throw new Refusal(`${said}, and pictures have four: records, channels, rows, columns`);
  const [batch, channels, height, width] = shape.map((side, i) => (typeof side === "number" && side > 0 ? side : [1, record.channels, record.height, record.width][i]));
  if (batch !== 1) throw new Refusal(`${said}: it takes ${batch} pictures together, and what one becomes must not hang on another: export it with a batch of 1, or an open one`);
  if (channels !== 1 && channels !== 3) throw new Refusal(`${said}: it takes ${channels} channels, and 1 or 3 are wanted, before the rows and columns`);
  if (channels * height * width > maxInput) throw new Refusal(`${said}: at most ${maxInput} values are taken`);
  if (outputs.length === 0) throw new Refusal("it has no output");
  return { input: input.name, output: outputs[0].name, shape: { channels, height, width } };
}

// Mean and standard deviation of ImageNet's training pictures, as torchvision states them; of grey, those of the colours, averaged.
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const average = (of: number[]) => of.reduce((sum, v) => sum + v, 0) / of.length;

/** What a byte of a channel becomes: byte * scale + shift. */
function normalisation(values: Values, channel: number, channels: number): { scale: number; shift: number } {
  if (values === "unit") return { scale: 1 / 255, shift: 0 };
  if (values === "signed") return { scale: 2 / 255, shift: -1 };
  const [mean, std] = channels === 3 ? [imageNet.mean[channel], imageNet.std[channel]] : [average(imageNet.mean), average(imageNet.std)];
  return { scale: 1 / (255 * std), shift: -mean / std };
}

/** Where the places of a side lie on another: between two of its places, and by how much nearer to the second. */
function places(from: number, to: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}

/**
 * A record, uint8 [channel][row][column], as an encoder gets it: bilinear between the centres of pixels, without smoothing where it gets
 * smaller; grey is repeated for each colour, colours are averaged into grey.
 */
export function resized(record: Uint8Array, from: Shape, to: Shape, values: Values): Float32Array<ArrayBuffer> {
  const [rows, columns] = [places(from.height, to.height), places(from.width, to.width)];
  const area = from.height * from.width;
  const out = new Float32Array(to.channels * to.height * to.width);
  let k = 0;
  for (let c = 0; c < to.channels; c++) {
    const { scale, shift } = normalisation(values, c, to.channels);
    const of = from.channels === to.channels ? [c] : Array.from({ length: from.channels }, (_, i) => i);
    const factor = scale / of.length;
    for (const { low: top, high: bottom, share: down } of rows) {
      for (const { low: left, high: right, share: along } of columns) {
        let sum = 0;
        for (const channel of of) {
          const upper = channel * area + top * from.width;
          const lower = channel * area + bottom * from.width;
          const above = record[upper + left] + along * (record[upper + right] - record[upper + left]);
          const below = record[lower + left] + along * (record[lower + right] - record[lower + left]);
          sum += above + down * (below - above);
        }
        out[k++] = sum * factor + shift;
      }
    }
  }
  return out;
}

/**
 * What an encoder gives for one record, as a vector. Of [1][channel][row][column] the places are rows and columns, of [1][place][value],
 * as of networks that see a picture as words, the second side.
 */
export function vector(given: ArrayLike<number>, dims: readonly number[], positions: Positions): Float32Array<ArrayBuffer> {
  if (dims[0] !== 1 && dims.length > 1) throw new Refusal(`its output is of shape ${dims.join(" x ")} for one picture, and the first side is that of records: 1`);
  if (positions === "all" || dims.length < 3) return Float32Array.from(given);
  const words = dims.length === 3;
  const n = words ? dims[2] : dims[1];
  const each = n === 0 ? 0 : given.length / n;
  const [step, next] = words ? [n, 1] : [1, each]; // from place to place, from value to value
  return Float32Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < each; p++) sum += given[i * next + p * step];
    return sum / each;
  });
}

/** What the runtime said, for a person: where it may come of the file, with what to do about it. */
export function explained(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const said = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim().slice(0, 300);
  if (/protobuf|parse|invalid model|no graph|ModelProto/i.test(said)) return `this is no whole ONNX file (${said}): export or download it again`;
  if (/external data|external_data|file_path|Module\.MountedFiles/i.test(said)) return `its weights lie in another file (${said}): export it as one file`;
  if (/not implemented|not supported|unsupported|No Op registered|is not a registered|opset|ir_version|IR version/i.test(said)) return `the runtime lacks something that it uses (${said}): export it for opset 17 to 21, without operators of other domains`;
  if (/memory|bad_alloc|allocat|^\d+$|out of bounds/i.test(said)) return `it does not fit into the tab's memory (${said}): bring a smaller encoder, or one of 8-bit weights`;
  return `the runtime refuses it: ${said}`;
}
