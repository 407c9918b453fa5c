// Asks before something that hurts.

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} question
 * @param {string} consequence what it means, in a sentence
 * @param {string} yes the word on the button that does it
 * @returns {Promise<boolean>}
 */
export function confirmed(question, consequence, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (part("confirm"));
  part("confirm-question").textContent = question;
  part("confirm-consequence").textContent = consequence;
  part("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
