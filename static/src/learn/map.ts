// Tutorial 8: how fixed features are made, and what they are of one picture. Nothing is loaded until a reader presses something.
import "./tutorial";
import { Atoms } from "./atoms";
import { Picked } from "./picked";
import { Synthetic } from "./synthetic";

customElements.define("learn-pictures", Synthetic);
customElements.define("learn-atoms", Atoms);
customElements.define("learn-digit", Picked);
