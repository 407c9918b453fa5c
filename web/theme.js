// The colours: those of the system, light, or dark. This script stands in the head and is no module, so that the page never shows the
// wrong ones first.
(() => {
  const KEY = "sockproxyd-theme";
  const CHOICES = ["system", "light", "dark"];
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // a browser that keeps nothing
    }
  }

  /** @param {string} choice */
  function apply(choice) {
    if (choice === "light" || choice === "dark") root.dataset["theme"] = choice;
    else delete root.dataset["theme"];
  }

  apply(stored());
  addEventListener("DOMContentLoaded", () => {
    const select = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
    select.value = CHOICES.includes(stored()) ? stored() : "system";
    select.addEventListener("change", () => {
      apply(select.value);
      try {
        localStorage.setItem(KEY, select.value);
      } catch {}
    });
  });
})();
