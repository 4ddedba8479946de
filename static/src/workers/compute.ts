// Entry point of the compute workers' script.
import "./guard";
import "./compute-worker.js";
