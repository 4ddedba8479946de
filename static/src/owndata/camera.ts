// "Photograph": a picture of the camera, asked about and kept nowhere. The camera is on while its picture is seen, and no longer.
import { el } from "../ui/dom";

export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

export class Camera {
  readonly root = el("div", { class: "camera" });
  #take: (picture: File) => void;
  #tell: (words: string) => void;
  #stream?: MediaStream;
  #turn = 0; // of what was last asked of it: permission may come after it was given up
  #video = el("video", { muted: true, playsinline: true, "aria-label": "What the camera sees" });

  constructor(take: (picture: File) => void, tell: (words: string) => void) {
    this.#take = take;
    this.#tell = tell;
    this.close();
  }

  close() {
    this.#turn++;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
    this.root.replaceChildren(el("button", { type: "button", click: () => this.#open() }, "Use the camera"));
  }

  async #open() {
    const turn = ++this.#turn;
    this.#tell("Waiting for the camera …");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (turn !== this.#turn) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      this.#video.srcObject = stream;
      this.root.replaceChildren(this.#video,
        el("div", { class: "buttons" },
          el("button", { type: "button", class: "primary", click: () => this.#shoot() }, "Photograph"),
          el("button", { type: "button", class: "quiet", click: () => this.close() }, "Turn it off")));
      await this.#video.play();
      this.#tell("");
      this.root.querySelector("button")?.focus();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.close();
      this.#tell(`The camera gave nothing: ${(error as Error).message}`);
    }
  }

  /** Without loss: what the network sees is what was there. */
  async #shoot() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width || !height) return this.#tell("The camera shows nothing yet.");
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d", { alpha: false })!.drawImage(this.#video, 0, 0);
    this.#take(new File([await canvas.convertToBlob({ type: "image/png" })], "photograph.png"));
  }
}
