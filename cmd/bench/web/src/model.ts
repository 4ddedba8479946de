// A network as cmd/bench describes it: the layers of package nn as JSON. Parameters come in nn's flat order: layer by
// layer, weight then bias, a convolution's weight as [out][in][ky][kx], a linear layer's as [out][in].

export type Layer =
  | { kind: "conv"; in: number; out: number; kernel: number; stride: number; pad: number }
  | { kind: "linear"; in: number; out: number }
  | { kind: "maxpool" | "avgpool"; kernel: number; stride: number }
  | { kind: "groupnorm"; groups: number; channels: number }
  | { kind: "relu" | "tanh" | "globalavgpool" | "flatten" };

export interface Model {
  name: string;
  input: [channels: number, height: number, width: number];
  classes: number;
  layers: Layer[];
}
