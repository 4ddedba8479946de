// A page that was opened as a file says what to do: browsers let no module, worker or WebAssembly start from a file.
if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    const words = document.createElement("p");
    words.textContent =
      "This page was opened as a file, and browsers let no program start from there. Serve its folder instead: run " +
      "“python3 -m http.server” in it, or “make run” in the project, and open the address that is printed.";
    const problem = document.createElement("div");
    problem.className = "problem";
    problem.id = "opened-as-file";
    problem.setAttribute("role", "alert");
    problem.append(words);
    document.querySelector("main")?.prepend(problem);
  });
}
