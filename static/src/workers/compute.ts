// Entry point of the compute workers' script.
import "./guard";
import { tellPage } from "./asked";
import "./compute-worker.js";

tellPage();
