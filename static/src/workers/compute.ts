// Entry point of the compute workers' script.
import "./compute-worker.js";
