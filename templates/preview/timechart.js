// What every panel over time shares: Plotly's chart with our axes, zoom and crosshair of the whole page, annotations.
const FONT = "Inter, 'DejaVu Sans', 'Helvetica Neue', Arial, sans-serif";

const ruler = document.createElement("canvas").getContext("2d");

// The pixels that the longest of these texts takes on an axis.
function textWidth(texts) {
  ruler.font = `11px ${FONT}`;
  return Math.ceil(Math.max(0, ...texts.map((text) => ruler.measureText(text).width)));
}

// `look(range)` gives the parts of Plotly's layout that depend on the visible range (y axes, shapes), `hover(point)` the
// tooltip's content. Returns how the page zooms the chart and moves its crosshair.
function timeChart(body, { traces, look, left, right = 12, hover, hovermode = "x", extra = {} }) {
  const box = element("div", "plot");
  body.append(box);
  const theme = themed();
  const axis = { gridcolor: theme.grid, zerolinecolor: theme.grid, linecolor: theme.grid, fixedrange: true };
  const top = 8;
  const bottom = 28;
  const width = () => box.clientWidth - left - right;
  const seen = look(preview.range);
  const layout = {
    width: box.clientWidth,
    height: box.clientHeight,
    margin: { l: left, r: right, t: top, b: bottom, pad: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: FONT, size: 11, color: theme.text },
    showlegend: false,
    hovermode,
    hoverdistance: 100,
    dragmode: "zoom",
    ...extra,
    ...seen,
    xaxis: {
      ...axis, fixedrange: false, type: "date", range: [...preview.range], // Plotly writes into it
      nticks: Math.max(2, Math.floor(width() / 75)), zeroline: false,
      ticks: "outside", ticklen: 6, tickcolor: "rgba(0,0,0,0)",
      tickformatstops: [
        { dtickrange: [null, 60000], value: "%H:%M:%S" },
        { dtickrange: [60000, 86399999], value: "%H:%M" },
        { dtickrange: [86400000, null], value: "%m/%d" },
      ],
    },
  };
  for (const name of ["yaxis", "yaxis2"]) if (seen[name]) layout[name] = { ...axis, automargin: false, ...seen[name] };
  const crosshair = element("div", "crosshair");
  const marks = element("div", "marks");
  box.append(crosshair, marks);
  const across = (ms) => left + ((ms - preview.range[0]) / (preview.range[1] - preview.range[0])) * width();
  const chart = {
    box,
    zoom(range) {
      const next = look(range);
      const update = { "xaxis.range": [...range], shapes: next.shapes || [] };
      for (const name of ["yaxis", "yaxis2"]) {
        for (const [key, value] of Object.entries(next[name] || {})) update[`${name}.${key}`] = value;
      }
      placeMarks(marks, across, left, width(), box.clientHeight, bottom, top);
      return Plotly.relayout(box, update);
    },
    crosshair(ms) {
      const x = ms === null ? -1 : across(ms);
      crosshair.style.display = ms !== null && x >= left - 1 && x <= left + width() + 1 ? "block" : "none";
      crosshair.style.cssText += `;left:${x}px;top:${top}px;bottom:${bottom}px`;
    },
  };
  const config = { displayModeBar: false, doubleClick: false, showTips: false };
  chart.ready = Plotly.newPlot(box, traces, layout, config).then(() => {
    placeMarks(marks, across, left, width(), box.clientHeight, bottom, top);
    box.on("plotly_hover", (event) => {
      const ms = hover(event);
      if (ms !== undefined) preview.crosshair(ms);
    });
    box.on("plotly_unhover", () => preview.leave());
    box.on("plotly_doubleclick", () => preview.zoom(preview.whole));
    box.on("plotly_relayout", (event) => {
      if ("xaxis.range[0]" in event) preview.zoom([event["xaxis.range[0]"], event["xaxis.range[1]"]].map(toMs));
    });
  });
  return chart;
}

// Plotly gives a date back as a number or as a text without a time zone, which means UTC.
function toMs(value) {
  return typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`);
}

// Firing alerts: a dashed line where a region begins and ends, a tint over it, a bar with its texts below the axis.
function placeMarks(marks, across, left, width, height, bottom, top) {
  marks.replaceChildren();
  for (const { color, start, end, texts } of preview.regions) {
    const [from, to] = [Math.max(left, across(start)), Math.min(left + width, across(end))];
    if (to < left || from > left + width) continue;
    const css = colorOf(color);
    const tint = element("div", "tint");
    tint.style.cssText = `left:${from}px;width:${Math.max(1, to - from)}px;top:${top}px;bottom:${bottom}px;` +
      `background:${faded(css, 0.06)};border-left:1px dashed ${faded(css, 0.7)};border-right:1px dashed ${faded(css, 0.4)}`;
    const bar = element("div", "mark");
    bar.style.cssText = `left:${from}px;width:${Math.max(4, to - from)}px;top:${height - bottom + 1}px;background:${css}`;
    bar.tabIndex = -1;
    bar.addEventListener("mouseenter", (event) => showTooltip(event, formatTime(start) + " to " + formatTime(end), texts.map(
      (text) => ({ name: text, color: css, value: "" }))));
    bar.addEventListener("mouseleave", hideTooltip);
    marks.append(tint, bar);
  }
}

const TOOLTIP_ROWS = 16;

function showTooltip(event, title, rows) {
  const tip = document.getElementById("tooltip");
  tip.replaceChildren(element("div", "when", title));
  for (const { name, color, value } of rows.slice(0, TOOLTIP_ROWS)) {
    const row = element("div", "line");
    const dash = element("span", "dash");
    dash.style.background = color;
    row.append(dash, element("span", "name", name), element("b", "", value));
    tip.append(row);
  }
  if (rows.length > TOOLTIP_ROWS) tip.append(element("div", "when", `and ${rows.length - TOOLTIP_ROWS} more`));
  tip.style.display = "block";
  const { width, height } = tip.getBoundingClientRect();
  const x = event.clientX + 14 + width > window.innerWidth ? event.clientX - width - 14 : event.clientX + 14;
  const y = Math.min(event.clientY + 10, window.innerHeight - height - 4);
  tip.style.left = `${Math.max(2, x)}px`;
  tip.style.top = `${Math.max(2, y)}px`;
}

function hideTooltip() {
  document.getElementById("tooltip").style.display = "none";
}
