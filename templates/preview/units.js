// Numbers as Grafana writes them, for its units of asynq_mon_codegen/grafana/units.py; another one stands behind the number.
const SHORT = ["", " K", " Mil", " Bil", " Tri", " Quadr"];
const SI = ["", "k", "M", "G", "T", "P"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
const SECONDS = [
  [1e-6, 1e-9, " ns"], [1e-3, 1e-6, " µs"], [1, 1e-3, " ms"], [60, 1, " s"], [3600, 60, " min"], [86400, 3600, " hour"],
  [604800, 86400, " day"], [31536000, 604800, " week"], [Infinity, 31536000, " year"],
];
const PLURALS = new Set([" min", " hour", " day", " week", " year"]);
const IN_SECONDS = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const RATES = { ops: "ops/s", opm: "ops/min", reqps: "req/s", reqpm: "req/min", cps: "c/s", cpm: "c/min" };
const BOOLEANS = { bool: ["True", "False"], bool_on_off: ["On", "Off"], bool_yes_no: ["Yes", "No"] };

// Three digits that count, whole numbers as they are.
function digits(value, decimals) {
  if (decimals !== undefined && decimals !== null) return value.toFixed(decimals);
  if (Number.isInteger(value)) return String(value);
  const places = Math.min(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))), 12);
  return value.toFixed(places);
}

function scaled(value, base, prefixes, unit, decimals) {
  let power = 0;
  while (Math.abs(value) >= base && power < prefixes.length - 1) {
    value /= base;
    power += 1;
  }
  return `${digits(value, decimals)}${prefixes[power]}${unit}`;
}

function spaced(prefixes) {
  return prefixes.map((prefix) => ` ${prefix}`);
}

function inSeconds(value, decimals) {
  if (value === 0) return "0 s";
  const [, size, word] = SECONDS.find(([below]) => Math.abs(value) < below);
  const number = digits(value / size, decimals);
  return `${number}${word}${PLURALS.has(word) && Number(number) !== 1 ? "s" : ""}`;
}

// The two largest parts of a length of time.
function inWords(value) {
  const parts = [];
  let rest = Math.round(Math.abs(value));
  for (const [size, word] of [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count && parts.length < 2) parts.push(`${count} ${word}${count === 1 ? "" : "s"}`);
  }
  return `${value < 0 ? "-" : ""}${parts.join(", ") || "0 seconds"}`;
}

function formatTime(ms, withSeconds = true) {
  return new Date(ms).toISOString().slice(0, withSeconds ? 19 : 16).replace("T", " ");
}

function formatValue(value, unit = "", decimals = undefined) {
  if (value === Infinity || value === -Infinity) return value > 0 ? "∞" : "-∞";
  if (unit in IN_SECONDS) return inSeconds(value * IN_SECONDS[unit], decimals);
  if (unit in RATES) return scaled(value, 1000, SHORT.map((word) => `${word} `), RATES[unit], decimals);
  if (unit in BOOLEANS) return BOOLEANS[unit][value ? 0 : 1];
  switch (unit) {
    case "": case "none": case "string": return digits(value, decimals);
    case "short": return scaled(value, 1000, SHORT, "", decimals);
    case "locale": return Number(digits(value, decimals)).toLocaleString("en-US");
    case "percent": return `${digits(value, decimals)}%`;
    case "percentunit": return `${digits(Number((value * 100).toPrecision(12)), decimals)}%`;
    case "dtdurations": return inWords(value);
    case "dateTimeAsIso": return formatTime(value);
    case "dateTimeFromNow": return `${inWords(preview.now / 1000 - value / 1000)} ago`;
    case "bytes": return scaled(value, 1024, spaced(IEC), "B", decimals);
    case "decbytes": return scaled(value, 1000, spaced(SI), "B", decimals);
    case "binBps": return scaled(value, 1024, spaced(IEC), "B/s", decimals);
    case "Bps": return scaled(value, 1000, spaced(SI), "B/s", decimals);
    case "hertz": return scaled(value, 1000, spaced(SI), "Hz", decimals);
    default: return `${scaled(value, 1000, SHORT, "", decimals)} ${unit}`;
  }
}

// Without zeros that say nothing, for axes: 0.25 and not 0.250.
function shortest(text) {
  return text.replace(/(\.\d*?)0+(?!\d)/, (_, kept) => (kept === "." ? "" : kept));
}

// Round numbers from below `low` to above `high`, about `count` of them, with steps that suit the unit.
function ticksBetween(low, high, unit, count) {
  const raw = (high - low) / Math.max(count, 1) || 1;
  const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  let step;
  if (unit === "s" && raw >= 1 && raw <= 86400) {
    step = nice.find((one) => one >= raw * 0.999);
  } else if ((unit === "bytes" || unit === "binBps") && raw >= 1) {
    step = 2 ** Math.ceil(Math.log2(raw * 0.999));
  } else {
    const size = 10 ** Math.floor(Math.log10(raw));
    step = [1, 2, 2.5, 5, 10].map((one) => one * size).find((one) => one >= raw * 0.999);
  }
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
