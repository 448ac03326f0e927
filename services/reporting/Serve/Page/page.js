// The live page: one socket, one section an experiment, redrawn in place as messages arrive.
import { watchDetails } from "./details.js";
import { session } from "./session.js";

const experiments = new Map();
const byId = id => document.getElementById(id);
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const signed = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const tones = { winner: "good", loser: "bad", blocked: "bad", equivalent: "warn", inconclusive: "warn" };
let socket, retry;

session.onToken = token => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ token }));
};
byId("sign-in").addEventListener("submit", async event => {
  event.preventDefault();
  const fault = await session.signIn(byId("email").value.trim(), byId("password").value);
  byId("password").value = "";
  fault ? signedOut(fault) : connect();
});
byId("key-sign-in").addEventListener("submit", event => {
  event.preventDefault();
  session.useKey(byId("key").value.trim());
  byId("key").value = "";
  connect();
});
byId("sign-out").addEventListener("click", async () => {
  await session.end();
  signedOut("");
});
byId("site").addEventListener("change", async event => {
  if (!await session.renew(event.target.value)) return;
  forget();
  reconnect();
});
await session.resume() ? connect() : signedOut("");

function connect() {
  clearTimeout(retry);
  byId("signed-out").hidden = true;
  byId("sign-out").hidden = false;
  byId("experiments").hidden = false;
  showSession();
  show("connecting …", "warn");
  const opened = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  opened.addEventListener("open", () => {
    opened.send(JSON.stringify(session.credential));
    show("live", "good");
    byId("empty").hidden = experiments.size > 0;
  });
  opened.addEventListener("message", event => opened === socket && take(JSON.parse(event.data)));
  opened.addEventListener("close", async event => {
    if (opened !== socket || !session.credential) return;
    if (event.code === 4401 && !await session.renew()) {
      const message = session.credential?.key ? "This is no valid admin key." : "Your session is over. Sign in again.";
      session.forget();
      return signedOut(message);
    }
    show("disconnected, trying again", "bad");
    retry = setTimeout(connect, 1500);
  });
}

function reconnect() {
  const before = socket;
  connect();
  before?.close();
}

function showSession() {
  const { user, site, sites } = session.description ?? { sites: [] };
  byId("who").textContent = user ? `${user.name} · ${site}` : "";
  byId("site").hidden = sites.length < 2;
  byId("site").replaceChildren(...sites.map(({ site: name }) => Object.assign(element("option", name), { value: name, selected: name === site })));
}

function forget() {
  experiments.clear();
  byId("experiments").replaceChildren();
}

async function signedOut(message) {
  clearTimeout(retry);
  forget();
  byId("experiments").hidden = byId("sign-out").hidden = byId("empty").hidden = byId("site").hidden = true;
  byId("who").textContent = "";
  byId("signed-out").hidden = false;
  byId("sign-in-error").textContent = message;
  show("signed out", "");
  socket?.close();
  const { oidc } = await session.methods();
  byId("sso").hidden = !oidc;
  byId("issuer").textContent = oidc?.issuer ?? "";
}

function show(text, tone) {
  byId("connection").textContent = text;
  byId("connection").className = `badge ${tone}`;
}

function take(message) {
  let experiment = experiments.get(message.key);
  if (!experiment) {
    const section = byId("experiment-template").content.cloneNode(true).firstElementChild;
    section.dataset.experiment = message.key;
    watchDetails(section);
    byId("experiments").append(section);
    experiments.set(message.key, experiment = { section });
    byId("empty").hidden = true;
  }
  if (message.type === "experiment") {
    experiment.definition = message;
    sort();
  }
  if (message.type === "results") experiment.results = message.results;
  if (message.type === "live") experiment.live = message.variants;
  draw(experiment);
}

// Running ones first, then the latest started.
function sort() {
  const rank = ({ definition }) => definition ? (definition.status === "completed" ? 0 : 1e15) + definition.started_ms : 0;
  const sections = [...experiments.values()].sort((a, b) => rank(b) - rank(a)).map(e => e.section);
  sections.forEach((section, index) => {
    if (byId("experiments").children[index] !== section) byId("experiments").insertBefore(section, byId("experiments").children[index] ?? null);
  });
}

function draw({ section, definition, results, live }) {
  const part = name => section.querySelector(name);
  if (definition) {
    part("h2").textContent = definition.name;
    part(".status").textContent = definition.status;
  }
  if (!results) return;
  const { verdict, variant, reasons } = results.decision;
  badge(part(".verdict"), variant ? `${verdict}: ${variant}` : verdict, tones[verdict]);
  const ratio = results.sample_ratio;
  badge(part(".sample-ratio"), `sample ratio ${ratio.ok ? "ok" : "broken"}${ratio.p_value === null ? "" : `, p = ${small(ratio.p_value)}`}`, ratio.ok ? "good" : "bad");
  part(".facts").textContent = `${whole.format(results.exposures)} units · ${whole.format(results.crossover_units)} crossover · `
    + `${whole.format(results.mismatched_units)} mismatched · as of ${new Date(results.as_of).toLocaleTimeString()}`;
  part(".reasons").replaceChildren(...reasons.map(reason => element("li", reason.text)));
  results.metrics.forEach((metric, index) => drawMetric(part(".metrics"), index, metric, live, results.decision.method));
}

function drawMetric(holder, index, metric, live, method) {
  let table = holder.children[index];
  if (!table) {
    holder.append(byId("metric-template").content.cloneNode(true));
    table = holder.children[index];
  }
  const isRate = metric.kind === "conversion" || metric.kind === "retention";
  // Of other kinds the mean is not the sum over the units.
  const isSummed = isRate || metric.kind === "count" || metric.kind === "sum";
  const judged = variant => method === "always_valid" && variant.always_valid ? variant.always_valid : variant;
  table.caption.textContent = `${metric.name}${metric.guardrail ? " (guardrail)" : ""}${metric.p_value === null ? "" : ` · p over all arms ${small(metric.p_value)}`}`;
  table.querySelector(".total").textContent = isRate ? "Converted" : "Sum";
  table.querySelector(".mean").textContent = isRate ? "Rate" : "Mean";
  const reach = Math.max(0.01, ...metric.variants.flatMap(v => judged(v).lift_interval ?? []).map(Math.abs));
  const body = table.tBodies[0];
  metric.variants.forEach((variant, row) => {
    const counters = live?.find(v => v.key === variant.key);
    // Live counters run ahead of the committed results; never behind.
    const ahead = counters && counters.units >= variant.n;
    const units = ahead ? counters.units : variant.n;
    const sum = ahead ? counters.metrics.find(m => m.key === metric.key)?.sum ?? variant.sum : variant.sum;
    const interval = judged(variant).lift_interval;
    const line = body.rows[row] ?? body.insertRow();
    cells(line, [
      variant.control ? `${variant.name} (control)` : variant.name,
      whole.format(units), whole.format(sum),
      isSummed ? (units ? (isRate ? percent : whole).format(sum / units) : "–") : variant.mean === null ? "–" : whole.format(variant.mean),
      variant.lift === null ? "–" : signed.format(variant.lift),
      interval ? `${signed.format(interval[0])} … ${signed.format(interval[1])}` : "–",
      judged(variant).p_value === null ? "–" : small(judged(variant).p_value),
    ]);
    if (interval && variant.lift !== null) line.cells[5].append(bar(variant.lift, interval, metric.direction, reach));
  });
}

function cells(line, texts) {
  texts.forEach((text, index) => {
    const cell = line.cells[index] ?? line.insertCell();
    if (cell.dataset.text === text && index !== 5) return;
    const changed = cell.dataset.text !== undefined && cell.dataset.text !== text;
    cell.dataset.text = cell.textContent = text;
    if (!changed) return;
    cell.classList.remove("changed");
    void cell.offsetWidth;
    cell.classList.add("changed");
  });
}

function bar(lift, [low, high], direction, reach) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const at = value => 50 + 48 * value / reach;
  const better = direction === "increase" ? low > 0 : high < 0;
  const worse = direction === "increase" ? high < 0 : low > 0;
  svg.setAttribute("class", `bar ${better ? "good" : worse ? "bad" : ""}`);
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(shape("line", { x1: 50, x2: 50, y1: 0, y2: 10 }), shape("rect", { x: at(low), width: Math.max(.5, at(high) - at(low)), y: 2, height: 6 }),
    shape("circle", { cx: at(lift), cy: 5, r: 2 }));
  return svg;
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function badge(node, text, tone) {
  node.textContent = text;
  node.className = `${node.className.split(" ").slice(0, 2).join(" ")} ${tone ?? ""}`;
}

function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

function small(p) {
  return p < 0.0001 ? p.toExponential(1) : p.toFixed(4);
}
