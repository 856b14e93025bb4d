// Objects over images: what the form says is shown at once, and the address and the links around follow.
function chosen(form) {
  const data = new FormData(form);
  return { outcomes: new Set(data.getAll("show")), label: data.get("of") || "", least: Number(data.get("least")) || 0 };
}

function show(form) {
  const { outcomes, label, least } = chosen(form);
  for (const shape of document.querySelectorAll(".shape")) {
    const { outcome, label: own, score } = shape.dataset;
    const isShown = outcomes.has(outcome) && (!label || own === label) && (score === undefined || Number(score) >= least);
    shape.classList.toggle("off", !isShown);
  }
}

function addressed(href, form) {
  const address = new URL(href, location.href);
  for (const name of ["show", "of", "least"]) address.searchParams.delete(name);
  for (const [name, value] of new FormData(form).entries()) {
    if (["show", "of", "least"].includes(name) && value !== "") address.searchParams.append(name, value);
  }
  return address.pathname + address.search;
}

export function showObjects() {
  const form = document.querySelector("form[data-objects]");
  if (!form) return;
  form.querySelector("button").hidden = true;
  for (const select of form.querySelectorAll("[data-submits]")) select.removeAttribute("data-submits");
  form.addEventListener("input", () => {
    show(form);
    history.replaceState(null, "", addressed(location.href, form));
    for (const link of document.querySelectorAll("nav.pages a, .gallery a")) link.href = addressed(link.href, form);
  });
}
