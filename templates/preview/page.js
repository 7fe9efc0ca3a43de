// The page: rows and panels, the theme, one visible range of time and one crosshair for all of them.
const DRAW = {
  timeseries: drawTimeseries, stat: drawStat, gauge: drawGauge, bargauge: drawBarGauge, table: drawTable, barchart: drawBarchart,
  "state-timeline": drawTimeline, heatmap: drawHeatmap, text: drawText,
};
const UNIT = 38; // pixels of Grafana's grid: 30 and a gap of 8
const NARROW = 768;

const preview = {
  range: [0, 0], whole: [0, 0], regions: [], now: 0, panels: [],

  zoom(range) {
    if (range[1] - range[0] < 1000) return;
    preview.range = range;
    document.getElementById("unzoom").hidden = range[0] === preview.whole[0] && range[1] === preview.whole[1];
    document.getElementById("range").textContent = `${formatTime(range[0])} to ${formatTime(range[1])} UTC`;
    for (const panel of preview.panels) panel.chart?.zoom?.(range);
  },

  crosshair(ms) {
    for (const panel of preview.panels) panel.chart?.crosshair?.(ms);
  },

  leave() {
    hideTooltip();
    preview.crosshair(null);
  },

  async redraw(panel) {
    if (panel.chart?.box) Plotly.purge(panel.chart.box);
    panel.body.replaceChildren();
    panel.body.className = "body";
    panel.chart = null;
    panel.drawn = false;
    if (panel.body.closest("details:not([open])")) return; // when its row is opened
    panel.drawn = true;
    if (panel.status.kind === "error") return void panel.body.append(element("div", "failure", panel.status.text));
    if (panel.status.kind === "logs") return void panel.body.append(element("pre", "nothing", panel.status.text));
    try {
      panel.chart = DRAW[panel.type](panel, panel.body);
      await panel.chart?.ready;
    } catch (error) { // the others are drawn all the same
      console.error(error);
      panel.body.replaceChildren(element("div", "failure", `could not be drawn: ${error.message}`));
    }
  },

  // Draws what is visible, one panel after the other, so that the page answers meanwhile.
  async drawVisible(again = false) {
    const turn = (preview.turn = {});
    document.documentElement.removeAttribute("data-drawn");
    for (const panel of preview.panels) {
      if (preview.turn !== turn) return;
      if (again || !panel.drawn) await preview.redraw(panel);
      await new Promise((resolve) => setTimeout(resolve));
    }
    document.documentElement.dataset.drawn = "true";
  },

  theme(name) {
    document.documentElement.dataset.theme = name;
    document.getElementById("theme").textContent = name === "light" ? "Dark" : "Light";
    return preview.drawVisible(true);
  },

  openRows(open) {
    for (const row of document.querySelectorAll("details.row")) row.open = open;
    return preview.drawVisible();
  },
};

function panelElement(panel) {
  const box = element("section", `panel ${panel.status.kind}`);
  const [x, y, w, h] = panel.place;
  box.style.cssText = `--x:${x + 1};--y:${y + 1};--w:${w};--h:${h}`;
  box.dataset.type = panel.type;
  const head = element("header");
  head.append(element("h2", "", panel.title));
  if (panel.description || panel.queries.length) {
    const info = element("button", "info", "i");
    info.type = "button";
    info.setAttribute("aria-label", `About ${panel.title}`);
    const tell = (event) => showNote(event, panel);
    for (const name of ["mouseenter", "focus", "click"]) info.addEventListener(name, tell);
    for (const name of ["mouseleave", "blur"]) info.addEventListener(name, hideTooltip);
    head.append(info);
  }
  head.append(element("span", "badge", panel.status.kind === "error" ? "error" : panel.status.kind === "logs" ? "logs" : panel.status.text));
  panel.body = element("div", "body");
  box.append(head, panel.body);
  return box;
}

function showNote(event, panel) {
  const { left, bottom } = event.currentTarget.getBoundingClientRect();
  showTooltip({ clientX: left, clientY: bottom }, panel.title, []);
  const tip = document.getElementById("tooltip");
  tip.append(element("p", "", panel.description), ...panel.queries.map((query) => element("pre", "", query)));
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(2, Math.min(left, window.innerWidth - width - 8))}px`;
  tip.style.top = `${Math.max(2, Math.min(bottom + 4, window.innerHeight - height - 4))}px`;
}

function rowElement(part) {
  const grid = element("div", "grid");
  grid.append(...part.panels.map(panelElement));
  preview.panels.push(...part.panels);
  if (!part.title) return grid;
  const row = element("details", "row");
  row.open = !part.collapsed;
  const summary = element("summary", "", part.title);
  summary.append(element("span", "count", ` (${part.panels.length} panel${part.panels.length === 1 ? "" : "s"})`));
  row.append(summary, grid);
  row.addEventListener("toggle", () => row.open && preview.drawVisible());
  return row;
}

function variableElement({ label, text, possible }) {
  const box = element("details", "variable");
  const summary = element("summary");
  summary.append(element("span", "label", label), element("b", "", text || "no value"));
  const list = element("ul");
  list.append(...possible.map((value) => element("li", "", value)));
  box.append(summary, element("p", "", `Chosen when the page was made (--var). ${possible.length} possible:`), list);
  return box;
}

function start(data) {
  Object.assign(preview, { range: data.range, whole: data.range, regions: data.regions, now: data.range[1] });
  document.getElementById("variables").append(...data.variables.map(variableElement));
  document.getElementById("rows").append(...data.parts.map(rowElement));
  const asked = new URLSearchParams(window.location.hash.slice(1));
  const light = window.matchMedia("(prefers-color-scheme: light)");
  const theme = asked.get("theme") || (light.matches ? "light" : "dark");
  light.addEventListener("change", (event) => asked.has("theme") || preview.theme(event.matches ? "light" : "dark"));
  document.getElementById("theme").addEventListener("click", () => preview.theme(isLight() ? "dark" : "light"));
  document.getElementById("unzoom").addEventListener("click", () => preview.zoom(preview.whole));
  document.getElementById("open").addEventListener("click", () => preview.openRows(true));
  document.getElementById("open").hidden = !data.parts.some((part) => part.collapsed);
  let width = window.innerWidth;
  let waiting = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => preview.drawVisible(true), 150);
  });
  preview.zoom(preview.whole);
  if (asked.get("rows") === "open") for (const row of document.querySelectorAll("details.row")) row.open = true;
  preview.theme(theme);
}

// The chart library comes compressed: a third of the page's size.
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function main() {
  const script = document.createElement("script");
  script.textContent = await unpacked("library");
  document.head.append(script);
  start(JSON.parse(document.getElementById("data").textContent));
}

window.preview = preview;
Object.assign(preview, { formatValue, shown, reduced, ticksBetween });
main();
