// The colours: those of the system, light, or dark. This script stands in the head and is no module, so that the page never shows the
// wrong ones first.
(() => {
  const KEY = "sockproxyd-theme";
  /** When the dark colours count. */
  const MEDIA = /** @type {Readonly<Record<string, string>>} */ ({
    system: "(prefers-color-scheme: dark)",
    light: "not all",
    dark: "all",
  });
  const dark = /** @type {HTMLLinkElement} */ (document.getElementById("dark"));

  function stored() {
    try {
      const choice = localStorage.getItem(KEY) ?? "system";
      return Object.hasOwn(MEDIA, choice) ? choice : "system";
    } catch {
      return "system"; // a browser that keeps nothing
    }
  }

  /** @param {string} choice */
  function apply(choice) {
    dark.media = MEDIA[choice] ?? "";
  }

  apply(stored());
  addEventListener("DOMContentLoaded", () => {
    const select = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
    select.value = stored();
    select.addEventListener("change", () => {
      apply(select.value);
      try {
        localStorage.setItem(KEY, select.value);
      } catch {}
    });
  });
})();
