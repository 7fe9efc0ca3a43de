// States over time: one lane for each series, a bar for as long as a state lasts.
function drawTimeline(panel, body) {
  const { series, styles, options } = panel.data;
  const lanes = series.map((one) => ({ ...one, values: numbers(one.values), settings: styles[one.style] }));
  if (!lanes.some((lane) => lane.values.some((value) => value !== null))) return nothing(body, panel);
  body.classList.add("below");
  const area = element("div", "area");
  body.append(area);
  const states = new Map();
  for (const [row, lane] of lanes.entries()) {
    for (const run of runsOf(lane, options.mergeValues !== false)) {
      const { text, color } = shown(lane.settings, run.value);
      const key = `${text}|${color}`;
      if (!states.has(key)) states.set(key, { text, color: color || colorOf("green"), runs: [] });
      states.get(key).runs.push({ ...run, row, text });
    }
  }
  if (options.legend?.showLegend !== false) body.append(stateLegend(states));
  const opacity = (lanes[0].settings["custom.fillOpacity"] ?? 70) / 100;
  const letters = Math.max(14, Math.floor((area.clientWidth * 0.35) / 7));
  const names = lanes.map((lane) => shortened(lane.name, letters));
  const thick = options.rowHeight ?? 0.9;
  const tall = ((area.clientHeight - 36) / lanes.length) * thick > 13;
  const traces = [...states.values()].map(({ color, runs, text }) => ({
    type: "bar", orientation: "h", hoverinfo: "none", width: thick, cliponaxis: true,
    base: runs.map((run) => run.start), x: runs.map((run) => run.end - run.start), y: runs.map((run) => run.row),
    customdata: runs, marker: { color: faded(color, opacity), line: { width: 0 } },
    text: runs.map((run) => (tall && options.showValue !== "never" && fits(run, text, area.clientWidth) ? plain(text) : "")),
    textposition: "inside", insidetextanchor: "start", textangle: 0, constraintext: "none", textfont: { color: "#fff", size: 11 },
  }));
  return timeChart(area, {
    traces,
    look: () => ({ yaxis: { range: [lanes.length - 0.5, -0.5], tickmode: "array", tickvals: lanes.map((_, i) => i), ticktext: names.map(plain), showgrid: false, zeroline: false } }),
    left: Math.max(38, textWidth(names) + 14),
    hovermode: "closest",
    extra: { barmode: "overlay" },
    hover: ({ points: [point], event }) => {
      const run = point.customdata;
      const name = lanes[run.row].name;
      showTooltip(event, `${formatTime(run.start)} to ${formatTime(run.end)} UTC`, [{ name, color: point.fullData.marker.color, value: run.text }]);
      return (Math.max(run.start, preview.range[0]) + Math.min(run.end, preview.range[1])) / 2;
    },
  });
}

function fits(run, text, width) {
  const [from, to] = preview.range;
  return ((run.end - run.start) / (to - from)) * width > text.length * 7 + 10;
}

function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

// Points of one value in a row, each as long as a step; without `merge` one by one.
function runsOf({ values, grid: [start, step] }, merge) {
  const runs = [];
  values.forEach((value, i) => {
    const last = runs[runs.length - 1];
    const at = (start + i * step) * 1000;
    if (value === null) return;
    if (merge && last && last.value === value && last.end === at) last.end = at + step * 1000;
    else runs.push({ value, start: at, end: at + step * 1000 });
  });
  return runs;
}

function stateLegend(states) {
  const legend = element("div", "legend");
  const list = element("div", "as-list");
  legend.append(list);
  for (const { text, color } of states.values()) {
    const entry = element("span", "entry");
    const dash = element("span", "dash");
    dash.style.background = color;
    const name = element("span", "name");
    name.append(dash, text);
    entry.append(name);
    list.append(entry);
  }
  return legend;
}
