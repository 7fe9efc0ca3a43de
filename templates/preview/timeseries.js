// Lines, areas, bars and stacks over time, with thresholds and a legend.
function drawTimeseries(panel, body) {
  const { options, styles, base } = panel.data;
  const lines = panel.data.series.map((one, index) => {
    const values = numbers(one.values);
    const settings = styles[one.style];
    return {
      ...one, values, settings, index, color: seriesColor(settings, index, values),
      x: values.map((_, i) => (one.grid[0] + i * one.grid[1]) * 1000), hide: settings["custom.hideFrom"] || {},
    };
  });
  if (!lines.some((line) => !line.helper && line.values.some((value) => value !== null))) return nothing(body, panel);
  body.classList.add(options.legend?.placement === "right" ? "beside" : "below");
  const area = element("div", "area");
  body.append(area);
  const state = { hidden: (panel.hidden ||= new Set()), lines, base: styles[base] };
  if (options.legend?.showLegend !== false && options.legend?.displayMode !== "hidden") {
    const legend = element("div", "legend");
    body.append(legend);
    fillLegend(legend, state, options.legend || {}, () => preview.redraw(panel));
  }
  return plotLines(area, state, options);
}

function plotLines(area, state, options) {
  const drawn = state.lines.filter((line) => !line.hide.viz && !state.hidden.has(line.index));
  const scales = scalesOf(drawn.length ? drawn : state.lines);
  const height = area.clientHeight - 36;
  const look = (range) => {
    const out = { shapes: [] };
    scales.forEach((scale, i) => {
      const ys = yAxis(scale, range, height);
      out[i ? "yaxis2" : "yaxis"] = {
        ...ys, side: i ? "right" : "left", ...(i ? { overlaying: "y", showgrid: false } : {}),
        title: scale.settings["custom.axisLabel"] ? { text: plain(scale.settings["custom.axisLabel"]), font: { size: 11 } } : undefined,
      };
      if (!i) out.shapes = thresholdShapes(state.base, ys);
    });
    return out;
  };
  const whole = look(preview.whole);
  const room = (axis, scale) => textWidth(axis.ticktext) + 14 + (scale.settings["custom.axisLabel"] ? 16 : 0);
  return timeChart(area, {
    traces: drawn.map((line) => traceOf(line, scales)),
    look,
    left: Math.max(38, room(whole.yaxis, scales[0])),
    right: scales[1] ? room(whole.yaxis2, scales[1]) : 12,
    hover: (event) => hoverLines(event, drawn, options.tooltip || {}),
    extra: { barmode: "overlay", bargap: 0.1 },
  });
}

// Axes by unit and side; a third one shares the second.
function scalesOf(lines) {
  const scales = [];
  for (const line of lines) {
    const key = `${line.settings.unit}|${line.settings["custom.axisPlacement"]}`;
    let scale = scales.find((one) => one.key === key);
    if (!scale && scales.length < 2) scales.push((scale = { key, settings: line.settings, lines: [] }));
    (scale || scales[1]).lines.push(line);
    line.scale = scales.indexOf(scale || scales[1]);
  }
  return scales;
}

function stackOf(line) {
  const { mode = "none", group = "A" } = line.settings["custom.stacking"] || {};
  return mode === "none" ? null : { group: `${group}${line.scale}`, percent: mode === "percent" };
}

function traceOf(line, scales) {
  const get = (name, other) => line.settings[`custom.${name}`] ?? other;
  const style = get("drawStyle", "line");
  const stack = stackOf(line);
  const { x, y } = bridged(line, get("spanNulls", false));
  const opacity = get("fillOpacity", 0) / 100;
  const trace = { x, y, meta: line.index, hoverinfo: "none", yaxis: scales[1] && line.scale ? "y2" : "y" };
  if (style === "bars") {
    return { ...trace, type: "bar", width: line.grid[1] * 900, marker: { color: faded(line.color, Math.max(opacity, 0.4)), line: { width: 0 } },
      ...(stack ? { base: stackBases(line, scales[line.scale].lines) } : {}) };
  }
  const { fill, dash } = get("lineStyle", {});
  const shape = { smooth: "spline", stepBefore: "vh", stepAfter: "hv" }[get("lineInterpolation", "linear")] || "linear";
  const points = style === "points" || get("showPoints", "auto") === "always";
  return {
    ...trace,
    type: "scatter",
    mode: style === "points" ? "markers" : points ? "lines+markers" : "lines",
    connectgaps: get("spanNulls", false) === true,
    line: {
      color: line.color, width: get("lineWidth", 1) * 1.25, shape,
      dash: fill === "dash" ? (dash || [10, 10]).map((n) => `${n}px`).join(",") : fill === "dot" ? "dot" : "solid",
    },
    marker: { size: get("pointSize", 5), color: line.color },
    ...(stack
      ? { stackgroup: stack.group, groupnorm: stack.percent ? "fraction" : "", stackgaps: "infer zero", fillcolor: faded(line.color, opacity) }
      : opacity ? { fill: "tozeroy", fillcolor: faded(line.color, opacity) } : {}),
  };
}

// Points without a value inside a gap of at most `most` milliseconds are left out, so that a line goes across.
function bridged(line, most) {
  const y = line.values.map((value) => (Number.isFinite(value) ? value : null));
  if (typeof most !== "number") return { x: line.x, y };
  const kept = y.map((value, i) => {
    if (value !== null) return true;
    const before = y.slice(0, i).findLastIndex((one) => one !== null);
    const after = y.findIndex((one, at) => at > i && one !== null);
    return before < 0 || after < 0 || line.x[after] - line.x[before] > most;
  });
  return { x: line.x.filter((_, i) => kept[i]), y: y.filter((_, i) => kept[i]) };
}

function stackBases(line, lines) {
  const below = lines.filter((other) => other.index < line.index && stackOf(other)?.group === stackOf(line).group);
  return line.values.map((_, i) => below.reduce((sum, other) => sum + (Number.isFinite(other.values[i]) ? other.values[i] : 0), 0));
}

// The range, the ticks and their texts of an axis over what is visible.
function yAxis({ lines, settings }, [from, to], height) {
  let [low, high] = [Infinity, -Infinity];
  const sums = new Map();
  for (const line of lines) {
    const stack = stackOf(line);
    line.values.forEach((value, i) => {
      if (!Number.isFinite(value) || line.x[i] < from || line.x[i] > to) return;
      let top = value;
      if (stack) {
        const key = `${stack.group}@${line.x[i]}`;
        top = (sums.get(key) || 0) + value;
        sums.set(key, top);
        low = Math.min(low, 0);
      }
      if ((line.settings["custom.fillOpacity"] || 0) > 0 || line.settings["custom.drawStyle"] === "bars") low = Math.min(low, 0);
      low = Math.min(low, top);
      high = Math.max(high, top);
    });
  }
  if (lines.some((line) => stackOf(line)?.percent)) [low, high] = [0, 1];
  if (low > high) [low, high] = [0, 1];
  const of = (name) => lines.map((line) => line.settings[name]).find((value) => value !== undefined && value !== null);
  low = Math.min(low, of("custom.axisSoftMin") ?? low);
  high = Math.max(high, of("custom.axisSoftMax") ?? high);
  const [min, max] = [of("min"), of("max")];
  low = min ?? low;
  high = max ?? high;
  const write = (value) => plain(shortest(formatValue(value, settings.unit, settings.decimals)));
  const scale = settings["custom.scaleDistribution"] || {};
  if (scale.type === "log" && high > 0) {
    const powers = [Math.floor(Math.log10(Math.max(low, high / 1e9))), Math.ceil(Math.log10(high))];
    const tickvals = Array.from({ length: powers[1] - powers[0] + 1 }, (_, i) => 10 ** (powers[0] + i));
    return { type: "log", range: powers, tickmode: "array", tickvals, ticktext: tickvals.map(write) };
  }
  if (high <= low) [low, high] = min === undefined ? [low - Math.abs(low) * 0.1 - 0.5, low + Math.abs(low) * 0.1 + 0.5] : [low, low + 1];
  const tickvals = ticksBetween(low, high, settings.unit, Math.max(2, height / 42)).filter(
    (tick) => (min === undefined || tick >= min) && (max === undefined || tick <= max));
  const range = [min ?? tickvals[0], max ?? tickvals[tickvals.length - 1]];
  return { range, tickmode: "array", tickvals, ticktext: tickvals.map(write) };
}

function thresholdShapes(settings, { range }) {
  const mode = settings["custom.thresholdsStyle"]?.mode || "off";
  const across = { xref: "paper", x0: 0, x1: 1, yref: "y" };
  const steps = stepsOf(settings);
  const shapes = [];
  if (mode.includes("area")) {
    steps.forEach((step, i) => {
      const [y0, y1] = [Math.max(step.value, range[0]), Math.min(steps[i + 1]?.value ?? Infinity, range[1])];
      if (y1 > y0) shapes.push({ ...across, type: "rect", layer: "below", y0, y1, line: { width: 0 }, fillcolor: faded(colorOf(step.color), 0.1) });
    });
  }
  if (mode.includes("line") || mode.includes("dashed")) {
    for (const { color, value } of steps.filter((step) => step.value > range[0] && step.value <= range[1])) {
      const line = { color: colorOf(color), width: 1.5, dash: mode.includes("dashed") ? "10px,10px" : "solid" };
      shapes.push({ ...across, type: "line", y0: value, y1: value, line });
    }
  }
  return shapes;
}

function hoverLines(event, drawn, { mode = "single", sort = "none", hideZeros = false }) {
  if (mode === "none" || !event.points.length) return undefined;
  const ms = toMs(event.points[0].x);
  let rows = drawn
    .filter((line) => !line.hide.tooltip)
    .map((line) => ({ line, value: line.values[Math.round((ms / 1000 - line.grid[0]) / line.grid[1])] ?? null }))
    .filter(({ value }) => value !== null && !(hideZeros && value === 0));
  if (mode === "single") rows = rows.filter(({ line }) => event.points.some((point) => point.data.meta === line.index)).slice(0, 1);
  if (sort !== "none") rows.sort((a, b) => (sort === "desc" ? b.value - a.value : a.value - b.value));
  showTooltip(event.event, `${formatTime(ms)} UTC`, rows.map(({ line, value }) => (
    { name: line.name, color: line.color, value: shown(line.settings, value).text })));
  return ms;
}

// A click shows one series alone, another click all again; with the control key one is taken away.
function fillLegend(legend, state, { displayMode = "list", calcs = [] }, redraw) {
  const listed = state.lines.filter((line) => !line.hide.legend);
  const table = displayMode === "table";
  const list = element("div", table ? "as-table" : "as-list");
  legend.replaceChildren(list);
  if (table) {
    const head = element("div", "entry head");
    head.append(element("span", "name", "Name"), ...calcs.map((calc) => element("span", "calc", CALC_NAMES[calc] || calc)));
    list.append(head);
  }
  for (const line of listed) {
    const entry = element("div", `entry${state.hidden.has(line.index) ? " off" : ""}`); // a button cannot be a table's row
    entry.setAttribute("role", "button");
    entry.tabIndex = 0;
    const dash = element("span", "dash");
    dash.style.background = line.color;
    const name = element("span", "name");
    name.append(dash, line.name);
    entry.append(name);
    for (const calc of calcs) {
      const { text } = shown(line.settings, reduced(line.values, calc));
      entry.append(element("span", "calc", table ? text : `${CALC_NAMES[calc] || calc}: ${text}`));
    }
    const choose = (event) => {
      const others = listed.filter((other) => other !== line).map((other) => other.index);
      const alone = !state.hidden.has(line.index) && others.every((index) => state.hidden.has(index));
      if (event.ctrlKey || event.metaKey) {
        if (!state.hidden.delete(line.index)) state.hidden.add(line.index);
      } else {
        state.hidden.clear();
        if (!alone) others.forEach((index) => state.hidden.add(index));
      }
      redraw();
    };
    entry.addEventListener("click", choose);
    entry.addEventListener("keydown", (event) => event.key === "Enter" && choose(event));
    list.append(entry);
  }
}

const CALC_NAMES = {
  lastNotNull: "Last *", last: "Last", firstNotNull: "First *", first: "First", mean: "Mean", max: "Max", min: "Min", sum: "Total",
  count: "Count", range: "Range", delta: "Delta", diff: "Difference",
};
