// What the settings of a field make of a value: words and colours. Themes.
const SHADES = { // from the lightest to the darkest; the light theme begins one further on
  red: ["#FFA6B0", "#FF7383", "#F2495C", "#E02F44", "#C4162A", "#AD0317"],
  orange: ["#FFCB7D", "#FFB357", "#FF9830", "#FF780A", "#FA6400", "#E55400"],
  yellow: ["#FFF899", "#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400", "#CC9D00"],
  green: ["#C8F2C2", "#96D98D", "#73BF69", "#56A64B", "#37872D", "#19730E"],
  blue: ["#C0D8FF", "#8AB8FF", "#5794F2", "#3274D9", "#1F60C4", "#1250B0"],
  purple: ["#DEB6F2", "#CA95E5", "#B877D9", "#A352CC", "#8F3BB8", "#7C2EA3"],
};
const STEPS = ["super-light", "light", "", "semi-dark", "dark"];
const PALETTE = [
  "green", "semi-dark-yellow", "light-blue", "semi-dark-orange", "red", "blue", "purple", "#705DA0", "dark-green",
  "dark-yellow", "dark-blue", "dark-orange", "dark-red", "light-purple", "light-green", "light-orange", "light-red",
  "dark-purple", "semi-dark-green", "semi-dark-blue",
];

function themed() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return { text: read("--text"), faint: read("--faint"), grid: read("--grid"), panel: read("--panel") };
}

function isLight() {
  return document.documentElement.dataset.theme === "light";
}

// A colour by Grafana's name, or as CSS writes it.
function colorOf(name) {
  if (name === "text") return themed().text;
  if (name === "transparent") return "rgba(0,0,0,0)";
  const [, step, hue] = /^(?:(super-light|light|semi-dark|dark)-)?(\w+)$/.exec(name) || [];
  return hue in SHADES ? SHADES[hue][STEPS.indexOf(step || "") + (isLight() ? 1 : 0)] : name;
}

function faded(color, opacity) {
  const hex = /^#(..)(..)(..)$/.exec(color);
  return hex ? `rgba(${hex.slice(1).map((part) => parseInt(part, 16)).join(",")},${opacity})` : color;
}

function numbers(values) {
  return values.map((value) => (value === null ? null : Number(value)));
}

// One value of many, as Grafana's calculations name them.
function reduced(values, calc) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return null;
  switch (calc) {
    case "last": return values[values.length - 1];
    case "first": return values[0];
    case "firstNotNull": return known[0];
    case "mean": return known.reduce((a, b) => a + b, 0) / known.length;
    case "sum": return known.reduce((a, b) => a + b, 0);
    case "max": return known.reduce((a, b) => Math.max(a, b));
    case "min": return known.reduce((a, b) => Math.min(a, b));
    case "count": return values.length;
    case "range": return reduced(values, "max") - reduced(values, "min");
    case "diff": return known[known.length - 1] - known[0];
    case "delta": return known.reduce((sum, value, i) => sum + (i ? (value >= known[i - 1] ? value - known[i - 1] : value) : 0), 0);
    default: return known[known.length - 1];
  }
}

// The threshold steps with numbers in the field's own unit.
function stepsOf(settings) {
  const { mode = "absolute", steps = [] } = settings.thresholds || {};
  const low = settings.min ?? 0;
  const high = settings.max ?? 100;
  const absolute = (value) => (mode === "percentage" ? low + (value / 100) * (high - low) : value);
  return steps.map((step) => ({ color: step.color, value: step.value === null ? -Infinity : absolute(step.value) }));
}

function mapped(settings, value) {
  for (const { type, options } of settings.mappings || []) {
    if (type === "value" && value !== null && String(value) in options) return options[String(value)];
    if (type === "special" && value === null && /null|nan|empty/.test(options.match)) return options.result;
    if (type === "range" && typeof value === "number") {
      if (value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity)) return options.result;
    }
    if (type === "regex" && typeof value === "string") {
      const [, body, flags] = /^\/(.*)\/(\w*)$/.exec(options.pattern) || [null, options.pattern, ""];
      if (new RegExp(body, flags).test(value)) return options.result;
    }
  }
  return null;
}

// The words and the colour of a value; `color` is "" where neither a mapping nor a threshold gives one.
function shown(settings, value, nothing = "") {
  const found = mapped(settings, value);
  const reached = typeof value === "number" ? stepsOf(settings).filter((step) => value >= step.value).pop() : null;
  const color = found?.color ? colorOf(found.color) : reached ? colorOf(reached.color) : "";
  if (found?.text) return { text: found.text, color, mapped: true };
  if (value === null || value === "") return { text: settings.noValue ?? nothing, color };
  if (typeof value === "string") return { text: value, color };
  return { text: formatValue(value, settings.unit, settings.decimals), color };
}

// The colour of a series: its own, that of its last value, or the next one of the palette.
function seriesColor(settings, index, values) {
  const { mode = "palette-classic", fixedColor = "green" } = settings.color || {};
  if (mode === "fixed" || mode === "shades") return colorOf(fixedColor);
  if (mode === "thresholds") return shown(settings, reduced(values, "lastNotNull")).color || colorOf("green");
  return colorOf(PALETTE[index % PALETTE.length]);
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Plotly reads tags in texts: what comes from outside must not be one.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
