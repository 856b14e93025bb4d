// Keys: rows by j and k, pages by g and a letter, the filter by a slash, help by a question mark.
const letters = { l: "/leaderboard", c: "/compare", s: "/samples", x: "/slices", r: "/runs", q: "/standards" };

function rows() {
  return [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")];
}

function go(step) {
  const link = document.querySelector(`[data-key="${step > 0 ? "j" : "k"}"]`);
  if (link) { link.click(); return; }
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.classList.contains("here"));
  const next = Math.min(all.length - 1, Math.max(0, now + step));
  all[now]?.classList.remove("here");
  all[next].classList.add("here");
  all[next].scrollIntoView({ block: "nearest" });
  all[next].querySelector("a")?.focus({ preventScroll: true });
}

export function followKeys() {
  let waiting = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (waiting) {
      waiting = false;
      const path = letters[event.key];
      const tab = path && document.querySelector(`.tabs a[href^="${path}"]`);
      if (tab) tab.click();
      return;
    }
    if (event.key === "g") { waiting = true; setTimeout(() => { waiting = false; }, 1500); }
    else if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "/") { document.querySelector("[data-filter]")?.focus(); event.preventDefault(); }
    else if (event.key === "?") document.getElementById("keys")?.showModal();
  });
}
