// Single values: stat, gauge, bar gauge; tables and texts.
function reducedSeries({ data: { series, styles, options, base } }) {
  const calc = options.reduceOptions?.calcs?.[0] || "lastNotNull";
  const all = series.map((one) => {
    const values = numbers(one.values);
    const value = reduced(values, calc);
    return { name: one.name, settings: styles[one.style], values, value, ...shown(styles[one.style], value, "No data") };
  });
  if (all.length) return all;
  return [{ name: "", settings: styles[base], values: [], value: null, ...shown(styles[base], null, "No data") }];
}

function drawStat(panel, body) {
  const { options } = panel.data;
  const all = reducedSeries(panel);
  const names = options.textMode === "value_and_name" || options.textMode === "name" || (options.textMode !== "value" && all.length > 1);
  const { clientWidth: width, clientHeight: height } = body;
  const columns = width >= height ? Math.min(all.length, Math.max(1, Math.floor(width / 90))) : 1;
  const tall = height / Math.ceil(all.length / columns);
  const grid = element("div", "stats");
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  for (const { name, text, color, values, value } of all) {
    const filled = (options.colorMode || "value").startsWith("background") && color && value !== null;
    const tile = element("div", "stat");
    const size = Math.min(tall * (names ? 0.42 : 0.5), ((width / columns) * 1.3) / Math.max(text.length, 3), 56);
    const number = element("div", "number", options.textMode === "name" ? name : text);
    number.style.fontSize = `${Math.max(size, 11)}px`;
    if (filled) tile.style.background = color;
    else if (options.colorMode !== "none" && color) number.style.color = color;
    if (filled) tile.classList.add("filled");
    if (options.graphMode === "area" && tall >= 60) tile.append(sparkline(values, filled ? "#FFFFFF" : color || themed().text));
    tile.append(number);
    if (names && options.textMode !== "name") tile.append(element("div", "name", name));
    tile.title = name && names ? `${name}: ${text}` : text;
    grid.append(tile);
  }
  body.append(grid);
  return null;
}

const SVG = "http://www.w3.org/2000/svg";

function sparkline(values, color) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  const points = values.map((value, i) => [i, value]).filter(([, value]) => Number.isFinite(value));
  if (points.length < 2) return svg;
  const [low, high] = [reduced(values, "min"), reduced(values, "max")];
  const place = ([i, value]) => `${((i / (values.length - 1)) * 100).toFixed(2)},${(96 - ((value - low) / (high - low || 1)) * 90).toFixed(2)}`;
  const line = points.map(place).join(" ");
  const area = document.createElementNS(SVG, "polygon");
  const end = (point) => place(point).split(",")[0];
  area.setAttribute("points", `${end(points[0])},100 ${line} ${end(points[points.length - 1])},100`);
  area.setAttribute("fill", faded(color, 0.2));
  const stroke = document.createElementNS(SVG, "polyline");
  for (const [key, value] of [["points", line], ["fill", "none"], ["stroke", color], ["vector-effect", "non-scaling-stroke"]]) stroke.setAttribute(key, value);
  svg.append(area, stroke);
  return svg;
}

function limitsOf({ settings, value }) {
  const top = settings.max ?? (settings.unit === "percentunit" ? 1 : settings.unit === "percent" ? 100 : Math.max(value ?? 0, ...stepsOf(settings).map((step) => step.value).filter(Number.isFinite)) * 1.1 || 1);
  return [settings.min ?? 0, top];
}

function drawGauge(panel, body) {
  const all = reducedSeries(panel);
  const grid = element("div", "stats");
  const columns = Math.min(all.length, Math.max(1, Math.floor(body.clientWidth / 100)));
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  body.append(grid);
  const drawn = all.map((one) => {
    const tile = element("div", "gauge");
    const arc = element("div", "arc");
    const number = element("div", "number", one.text);
    number.style.color = one.color || themed().text;
    tile.append(arc, number);
    if (all.length > 1) tile.append(element("div", "name", one.name));
    grid.append(tile);
    const [low, high] = limitsOf(one);
    const steps = stepsOf(one.settings).map((step, i, every) => ({
      range: [Math.max(step.value, low), Math.min(every[i + 1]?.value ?? Infinity, high)], color: colorOf(step.color), thickness: 0.12 }));
    const trace = {
      type: "indicator", mode: "gauge", value: one.value,
      gauge: { axis: { range: [low, high], visible: false }, bar: { color: one.color || colorOf("green"), thickness: 0.7 }, bgcolor: themed().grid, borderwidth: 0, steps },
    };
    const layout = { width: arc.clientWidth, height: arc.clientHeight, margin: { l: 8, r: 8, t: 8, b: 4 }, paper_bgcolor: "rgba(0,0,0,0)" };
    return Plotly.newPlot(arc, [trace], layout, { displayModeBar: false, staticPlot: true });
  });
  return { ready: Promise.all(drawn) };
}

function drawBarGauge(panel, body) {
  const all = reducedSeries(panel);
  const upright = panel.data.options.orientation === "vertical";
  const bars = element("div", upright ? "bars upright" : "bars");
  for (const one of all) {
    const [low, high] = limitsOf(one);
    const share = Math.min(1, Math.max(0, ((one.value ?? low) - low) / (high - low || 1)));
    const bar = element("div", "bar");
    const track = element("div", "track");
    const fill = element("div", "fill");
    fill.style[upright ? "height" : "width"] = `${share * 100}%`;
    fill.style.background = one.color || colorOf("green");
    track.append(fill);
    const number = element("b", "", one.text);
    number.style.color = one.color || themed().text;
    bar.append(element("span", "name", one.name), track, number);
    bars.append(bar);
  }
  body.append(bars);
  return null;
}

function drawTable(panel, body) {
  const { columns, rows, styles, options } = panel.data;
  if (!rows.length) return nothing(body, panel);
  const [by] = options.sortBy || [];
  panel.sort ||= by ? { column: columns.findIndex((one) => one.name === by.displayName), desc: !!by.desc } : { column: -1 };
  const { column, desc } = panel.sort;
  const sorted = column < 0 ? rows : [...rows].sort((a, b) => compared(a[column], b[column]) * (desc ? -1 : 1));
  const table = element("table");
  const head = table.createTHead().insertRow();
  columns.forEach((one, i) => {
    const cell = element("th", one.number ? "number" : "", one.name);
    const button = element("button", "", one.name + (i === column ? (desc ? " ↓" : " ↑") : ""));
    button.addEventListener("click", () => {
      panel.sort = { column: i, desc: i === column ? !desc : one.number };
      preview.redraw(panel);
    });
    cell.replaceChildren(button);
    head.append(cell);
  });
  const rowsOf = table.createTBody();
  for (const row of sorted) {
    const line = rowsOf.insertRow();
    row.forEach((value, i) => line.append(tableCell(value, columns[i], styles[columns[i].style])));
  }
  const box = element("div", "table");
  box.append(table);
  body.append(box);
  return null;
}

// Nothing stands last, whatever comes first.
function compared(a, b) {
  if (a === null || b === null) return (a === null ? -1 : 0) + (b === null ? 1 : 0);
  return typeof a === "string" ? a.localeCompare(b) : Number(a) - Number(b);
}

function tableCell(value, column, settings) {
  const given = column.number && value !== null ? Number(value) : column.name === "Time" && value ? formatTime(value * 1000) : value;
  const { text, color } = shown(settings, given ?? null);
  const kind = settings["custom.cellOptions"]?.type || "auto";
  const cell = element("td", column.number ? "number" : "");
  const inside = element("span", settings.links && !column.number ? "link" : "", text);
  if (kind.startsWith("color-background") && color && text) {
    inside.className = "chip";
    inside.style.background = color === themed().text ? "transparent" : color;
    if (color === themed().text) inside.style.color = color;
  } else if (kind === "color-text" && color) {
    inside.style.color = color;
  } else if (kind === "gauge" && given !== null) {
    const [low, high] = limitsOf({ settings, value: given });
    const bar = element("i", "cellbar");
    bar.style.cssText = `width:${Math.min(1, Math.max(0, (given - low) / (high - low || 1))) * 60}%;background:${color || colorOf("green")}`;
    cell.append(bar);
  }
  cell.append(inside);
  return cell;
}

function drawBarchart(panel, body) {
  const { columns, rows, styles, options } = panel.data;
  const at = columns.findIndex((one) => one.name === options.xField);
  const key = at < 0 ? columns.findIndex((one) => !one.number) : at;
  if (!rows.length || key < 0) return nothing(body, panel);
  const flat = options.orientation === "horizontal";
  const names = rows.map((row) => plain(row[key] ?? ""));
  const counted = columns.map((one, i) => ({ one, i })).filter(({ one }) => one.number && one.name !== "Time");
  const traces = counted.map(({ one, i }, index) => {
    const values = rows.map((row) => (row[i] === null ? null : Number(row[i])));
    const text = values.map((value) => plain(shown(styles[one.style], value).text));
    const color = seriesColor(styles[one.style], index, values);
    return { type: "bar", orientation: flat ? "h" : "v", x: flat ? values : names, y: flat ? names : values, text, hoverinfo: "text", hovertext: text, marker: { color: faded(color, 0.8) }, textposition: "auto" };
  });
  const box = element("div", "plot");
  body.append(box);
  const { unit, decimals } = styles[counted[0]?.one.style ?? 0];
  const heights = rows.map((row) => {
    const own = counted.map(({ i }) => Number(row[i] ?? 0));
    return options.stacking === "normal" ? reduced(own, "sum") : reduced(own, "max");
  });
  const tickvals = ticksBetween(Math.min(0, reduced(heights, "min")), reduced(heights, "max") || 1, unit, 5);
  const values = { tickmode: "array", tickvals, ticktext: tickvals.map((tick) => plain(shortest(formatValue(tick, unit, decimals)))) };
  const axis = { automargin: true, gridcolor: themed().grid, zerolinecolor: themed().grid, fixedrange: true };
  const layout = {
    width: box.clientWidth, height: box.clientHeight, margin: { l: 30, r: 10, t: 8, b: 24 }, barmode: options.stacking === "normal" ? "stack" : "group",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: FONT, size: 11, color: themed().text }, showlegend: false,
    xaxis: { ...axis, ...(flat ? { type: "linear", ...values } : { type: "category" }) },
    yaxis: { ...axis, ...(flat ? { type: "category" } : { type: "linear", ...values }) },
  };
  return { ready: Plotly.newPlot(box, traces, layout, { displayModeBar: false }) };
}

// The HTML was made from Markdown without any of its own.
function drawText(panel, body) {
  const box = element("div", "markdown");
  box.innerHTML = panel.data.html;
  body.append(box);
  return null;
}

function nothing(body, panel) {
  const note = panel.data.options?.noValue || panel.data.styles?.[0]?.noValue || "No data";
  body.append(element("div", "nothing", note));
  return null;
}
