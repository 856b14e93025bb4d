// What pages do beyond links and forms: plots, keys, forms that submit themselves, slices that are measured while typing.
import { showPlots } from "./plots.js";
import { followKeys } from "./keys.js";
import { measureWhileTyping } from "./slices.js";
import { showObjects } from "./objects.js";

showPlots(document);
followKeys();
measureWhileTyping();
showObjects();

for (const control of document.querySelectorAll("[data-submits]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}

// An address holds only what was filled in.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") {
        const kept = event.formData.getAll(name).filter((one) => one !== "");
        event.formData.delete(name);
        for (const one of kept) event.formData.append(name, one);
      }
    }
  });
}

// A list of choices closes when something else is used.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.checks[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
  const copied = event.target.closest?.("[data-copy]");
  if (copied) {
    navigator.clipboard?.writeText(document.getElementById(copied.dataset.copy).textContent);
    copied.textContent = "Copied";
  }
});

for (const image of document.querySelectorAll("main img")) {
  image.addEventListener("error", () => { image.classList.add("lacking"); image.src = new URL("./missing.svg", import.meta.url).href; }, { once: true });
}
