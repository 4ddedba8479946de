// The tutorials: text, with live elements in it. Nothing is loaded until a reader presses something.
import "../element/register";
import { Odds } from "./odds";
import { Question } from "./question";
import { Secret } from "./secret";
import { ClippedSum } from "./sum";
import { Total } from "./total";

customElements.define("learn-secret", Secret);
customElements.define("learn-sum", ClippedSum);
customElements.define("learn-odds", Odds);
customElements.define("learn-total", Total);
customElements.define("learn-question", Question);
