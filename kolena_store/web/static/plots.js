// Plots are drawn when they come into view; what draws them is loaded with the first.
const refuse = () => Promise.reject(new Error("plots load nothing"));

const dark = {
  axis: { labelColor: "#a7b0ba", titleColor: "#a7b0ba", gridColor: "#2b3137", domainColor: "#59626c", tickColor: "#59626c" },
  legend: { labelColor: "#a7b0ba", titleColor: "#a7b0ba" },
  title: { color: "#e8ebee" },
  text: { color: "#e8ebee" },
};
const lighter = { "#1f6fb2": "#62a8e5", "#c2501a": "#f0905a", "#147d64": "#4cc3a4", "#8a4fbe": "#c9a2f2", "#8f6a00": "#d9b24a", "#b8326f": "#f07fb0", "#4a7613": "#9acb5c", "#56657a": "#a7b6cc", "#b3261e": "#ff9389", "#1b7a3d": "#6fd08f", "#8b95a1": "#8b95a1", "#dbe6f1": "#1d2b38", "#eef3f8": "#1d2b38", "#1c232b": "#e8ebee" };

function themed(spec) {
  if (!matchMedia("(prefers-color-scheme: dark)").matches) return spec;
  const text = JSON.stringify(spec).replace(/#[0-9a-f]{6}/g, (colour) => lighter[colour] ?? colour);
  const changed = JSON.parse(text);
  const config = { ...changed.config };
  for (const [part, values] of Object.entries(dark)) config[part] = { ...config[part], ...values };
  return { ...changed, config };
}

const NARROW = 480;

function fitting(spec, width) {
  if (width >= NARROW) return spec;
  return { ...spec, config: { ...spec.config, legend: { ...spec.config?.legend, columns: 2 } } };
}

async function draw(figure) {
  const canvas = figure.querySelector(".canvas");
  const spec = fitting(themed(JSON.parse(figure.querySelector("script[type='application/json']").textContent)), canvas.clientWidth);
  const options = {
    mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false,
    logLevel: 1, tooltip: { disableDefaultStyle: true }, loader: { load: refuse, sanitize: refuse },
  };
  try {
    const { vegaEmbed } = await import("./vega.js");
    await vegaEmbed(canvas, spec, options);
    figure.dataset.drawn = "yes";
  } catch (error) {
    canvas.textContent = figure.querySelector(".summary")?.textContent ?? "";
    figure.dataset.drawn = "no";
  }
}

export function showPlots(root) {
  const figures = root.querySelectorAll("figure.plot");
  if (!figures.length) return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "300px" });
  for (const figure of figures) seen.observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const figure of root.querySelectorAll("figure.plot[data-drawn]")) draw(figure);
  });
}
