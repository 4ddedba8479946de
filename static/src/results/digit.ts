// From a drawing to a record: the ink is cut out, scaled into a box of five sevenths of the record, and put so that its
// centre of mass is the record's centre, as MNIST's digits are (LeCun et al. 1998, Section VII).

export interface Grey {
  width: number;
  height: number;
  values: ArrayLike<number>; // 0 to 255, row by row
}

/** The drawing as a record of the given size; all zero where there is no ink. */
export function centred(drawing: Grey, width: number, height: number): Uint8Array {
  const record = new Uint8Array(width * height);
  const box = inkBox(drawing);
  if (!box) return record;
  const scale = Math.min((width * 5) / 7 / box.width, (height * 5) / 7 / box.height);
  const mass = centreOfMass(drawing);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = { x: mass.x + (x - width / 2) / scale, y: mass.y + (y - height / 2) / scale };
      record[y * width + x] = Math.round(mean(drawing, from.x, from.y, 1 / scale));
    }
  }
  return record;
}

function inkBox({ width, height, values }: Grey): { width: number; height: number } | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < width * height; i++) {
    if (values[i] < 32) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  return right < 0 ? undefined : { width: right - left + 1, height: bottom - top + 1 };
}

/** In pixels, with the middle of the first at one half. */
function centreOfMass({ width, height, values }: Grey): { x: number; y: number } {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    sum += values[i];
    x += values[i] * ((i % width) + 0.5);
    y += values[i] * (Math.floor(i / width) + 0.5);
  }
  return { x: x / sum, y: y / sum };
}

/** The mean over a square of the drawing; outside of it there is no ink. */
function mean({ width, height, values }: Grey, left: number, top: number, size: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(height, top + size); y++) {
    const tall = Math.min(y + 1, top + size) - Math.max(y, top);
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(width, left + size); x++) {
      sum += values[y * width + x] * tall * (Math.min(x + 1, left + size) - Math.max(x, left));
    }
  }
  return sum / (size * size);
}
