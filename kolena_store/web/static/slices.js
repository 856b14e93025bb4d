// A slice is measured a moment after the last key: the server answers with a part of the page.
export function measureWhileTyping() {
  // An attribute is asked for by its name: a field of the form is called dataset, too.
  const form = document.querySelector("form[data-live]");
  const target = document.getElementById("measured");
  if (!form || !target) return;
  let timer = 0, running = null;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      running?.abort();
      running = new AbortController();
      const query = new URLSearchParams([...new FormData(form).entries()].filter(([, value]) => value !== ""));
      try {
        const answer = await fetch(`${form.getAttribute("data-live")}?${query}`, { signal: running.signal });
        target.innerHTML = await answer.text();
        history.replaceState(null, "", `${form.getAttribute("action")}?${query}`);
      } catch (error) {
        if (error.name !== "AbortError") target.setAttribute("data-offline", "");
      }
    }, 350);
  });
}
