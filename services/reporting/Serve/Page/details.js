// What lies behind an experiment's results, asked for when its section is opened: intervals over time, and what became of its exposures.
import { session } from "./session.js";

const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const whole = new Intl.NumberFormat("en");
const steps = [
  ["exposures", "exposures"], ["outside_run", "outside its run"], ["unknown_variant", "of an unknown variant"], ["mismatched_exposures", "mismatched"],
  ["repeated_exposures", "repeated"], ["quarantined_exposures", "too late"], ["units", "units"], ["never_counted_units", "never counted"],
  ["mismatched_units", "only mismatched"], ["crossover_units", "in two variants"], ["bot_units", "bots"], ["analysed_units", "analysed"],
];

export function watchDetails(section) {
  const details = section.querySelector(".behind");
  details.addEventListener("toggle", () => details.open && load(section));
}

async function load(section) {
  const path = `/api/v1/experiments/${encodeURIComponent(section.dataset.experiment)}/results`;
  const [history, quality] = await Promise.all([ask(`${path}/history`), ask(`${path}/quality`)]);
  section.querySelector(".over-time").replaceChildren(...(history ? charts(history.hours) : [paragraph("The history cannot be had now.")]));
  section.querySelector(".waterfall").replaceChildren(...(quality?.waterfall
    ? steps.map(([name, text]) => item(text, whole.format(quality.waterfall[name])))
    : [item("not surveyed yet", "")]));
}

async function ask(path) {
  const { token, key } = session.credential ?? {};
  try {
    const answer = await fetch(path, { headers: { Authorization: `Bearer ${token ?? key}` } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// One chart a metric and treatment: the lift with its confidence sequence, hour by hour.
function charts(hours) {
  const series = new Map();
  for (const hour of hours) {
    for (const figure of hour.figures) {
      if (figure.lift === null || !figure.lift_sequence) continue;
      const name = `${figure.metric}: ${figure.variant}`;
      series.set(name, [...series.get(name) ?? [], { at: new Date(hour.as_of), lift: figure.lift, interval: figure.lift_sequence }]);
    }
  }
  return series.size ? [...series].map(([name, points]) => chart(name, points)) : [paragraph("There is no lift to show yet.")];
}

function chart(name, points) {
  const reach = Math.max(0.01, ...points.flatMap(p => p.interval).map(Math.abs));
  const x = index => 5 + (points.length === 1 ? 45 : 90 * index / (points.length - 1));
  const y = lift => 20 - 18 * Math.max(-1, Math.min(1, lift / reach));
  const figure = document.createElement("figure");
  const svg = shape("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", class: "sequence", role: "img" });
  const last = points.at(-1);
  const caption = document.createElement("figcaption");
  caption.textContent = `${name}: ${percent.format(last.lift)}, ${percent.format(last.interval[0])} … ${percent.format(last.interval[1])} at any time (${points.length} h)`;
  svg.setAttribute("aria-label", caption.textContent);
  svg.append(shape("line", { x1: 0, x2: 100, y1: 20, y2: 20 }));
  points.forEach((point, index) => svg.append(
    shape("line", { x1: x(index), x2: x(index), y1: y(point.interval[0]), y2: y(point.interval[1]), class: "interval" }),
    shape("circle", { cx: x(index), cy: y(point.lift), r: 1 })));
  figure.append(caption, svg);
  return figure;
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function item(text, value) {
  const node = document.createElement("li");
  node.textContent = value ? `${value} ${text}` : text;
  return node;
}

function paragraph(text) {
  const node = document.createElement("p");
  node.textContent = text;
  return node;
}
