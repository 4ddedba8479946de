// cloister/element: makes <cloister-trainer> known.
import { CloisterTrainer } from "./element.js";

if (!customElements.get("cloister-trainer")) customElements.define("cloister-trainer", CloisterTrainer);

export { CloisterTrainer };

declare global {
  interface HTMLElementTagNameMap {
    "cloister-trainer": CloisterTrainer;
  }
}
