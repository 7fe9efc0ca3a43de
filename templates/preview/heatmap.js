// How many observations fell between which bounds: buckets as rows of the same height, darker or brighter with the number.
const SCHEMES = {
  Oranges: ["#fff5eb", "#fdd0a2", "#fd8d3c", "#d94801", "#7f2704"],
  Blues: ["#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"],
  Greens: ["#f7fcf5", "#c7e9c0", "#74c476", "#238b45", "#00441b"],
  Reds: ["#fff5f0", "#fcbba1", "#fb6a4a", "#cb181d", "#67000d"],
  Purples: ["#fcfbfd", "#dadaeb", "#9e9ac8", "#6a51a3", "#3f007d"],
  Greys: ["#ffffff", "#d9d9d9", "#969696", "#525252", "#000000"],
  Spectral: ["#5e4fa2", "#66c2a5", "#ffffbf", "#f46d43", "#9e0142"],
};

function drawHeatmap(panel, body) {
  const { cells, options } = panel.data;
  if (!cells) return nothing(body, panel);
  const edges = cells.edges.map(Number);
  const { exponent = 0.5, scheme = "Oranges", scale = "exponential", reverse = false } = options.color || {};
  const least = options.filterValues?.le ?? 1e-9;
  const rows = cells.rows.map((row) => row.map((value) => (value === null || Number(value) <= least ? null : Number(value))));
  const top = rows.flat().reduce((most, value) => Math.max(most, value ?? 0), 0) || 1;
  const power = scale === "linear" ? 1 : exponent;
  const unit = options.yAxis?.unit ?? panel.data.styles[0].unit;
  const write = (edge) => plain(Math.abs(edge) === Infinity ? `${edge < 0 ? "-" : "+"}Inf` : shortest(formatValue(edge, unit)));
  const x = rows[0].map((_, i) => (cells.grid[0] + i * cells.grid[1]) * 1000);
  const colors = [...(SCHEMES[scheme] || SCHEMES.Oranges)];
  if ((scheme !== "Spectral" && !isLight()) !== reverse) colors.reverse();
  body.classList.add("below");
  const area = element("div", "area");
  body.append(area, scaleBar(colors, top));
  const room = Math.max(1, Math.floor((area.clientHeight - 36) / 15)); // texts that fit
  const every = Math.ceil(edges.length / room);
  const ticks = edges.map((edge, i) => [i, write(edge)]).filter(([i]) => (edges.length - 1 - i) % every === 0);
  const text = ticks.map((tick) => tick[1]);
  return timeChart(area, {
    traces: [{
      type: "heatmap", x, y: rows.map((_, i) => i + 0.5), z: rows.map((row) => row.map((value) => (value === null ? null : (value / top) ** power))),
      zmin: 0, zmax: 1, showscale: false, hoverinfo: "none", hoverongaps: false,
      xgap: area.clientWidth / x.length > 5 ? 1 : 0, ygap: area.clientHeight / rows.length > 5 ? 1 : 0, // gaps as wide as cells hide them
      colorscale: colors.map((color, i) => [i / (colors.length - 1), color]),
    }],
    look: () => ({ yaxis: { range: [0, rows.length], tickmode: "array", tickvals: ticks.map((tick) => tick[0]), ticktext: text, ticks: "", showgrid: false, zeroline: false } }),
    left: Math.max(38, textWidth(text) + 14),
    hovermode: "closest",
    hover: ({ points: [point], event }) => {
      const [row, column] = [Math.floor(point.y), x.indexOf(toMs(point.x))];
      const value = rows[row]?.[column];
      if (value === null || value === undefined) return undefined;
      const range = `${write(edges[row])} to ${write(edges[row + 1])}`;
      showTooltip(event, `${formatTime(x[column])} UTC`, [{ name: range, color: colorOf("orange"), value: formatValue(value, "short") }]);
      return x[column];
    },
  });
}

function scaleBar(colors, top) {
  const bar = element("div", "scale");
  const strip = element("span", "strip");
  strip.style.background = `linear-gradient(to right, ${colors.join(",")})`;
  bar.append(element("span", "", "0"), strip, element("span", "", formatValue(top, "short")));
  return bar;
}
