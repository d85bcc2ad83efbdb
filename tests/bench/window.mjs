// How fast the window is: from the start of the program to its data, and a step of scrolling in 100,000 trials and in a
// triage test of 200 items × 8 variants. It prints figures beside their targets; only what can't be measured makes it fail.
// BAKEOFF_BINARY names the release program; `node window.mjs triage` measures the last part alone.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, makeHome } from "../e2e/support/app.mjs";
import { startDriver, startScreen } from "../e2e/support/processes.mjs";
import { Session } from "../e2e/support/session.mjs";

const STARTS = 7;
const CASES = 25_000;
const VARIANTS = ["first", "second", "third", "fourth"];
const STEPS = 200;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const id = (name) => `[data-testid="${name}"]`;

function print(what, value, unit, most) {
  const verdict = most === undefined ? "" : `  ≤ ${most} ${unit}  ${value <= most ? "ok" : "miss"}`;
  console.log(`${what.padEnd(72)} ${value.toFixed(unit === "ms" && value < 100 ? 2 : 0).padStart(7)} ${unit}${verdict}`);
}

/** ms since 1970 at which the newest process of the program began (Linux; to 10 ms). */
function startedAt() {
  const newest = execFileSync("pgrep", ["-n", "-f", binary], { encoding: "utf8" }).trim();
  const fields = readFileSync(`/proc/${newest}/stat`, "utf8").split(") ")[1].split(" ");
  const boot = Date.now() - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  return boot + Number(fields[19]) * 10;
}

/** One start: until the workspace's list of campaigns or variants is in the page. The page is asked without a pause. */
async function start(home) {
  const driver = await startDriver(home.environment);
  let session;
  try {
    session = await Session.start(driver.url, binary, ["-C", home.workspace]);
    const began = startedAt();
    const ready = await session.runAsync(`async (selector) => {
      while (!document.querySelector(selector)) await new Promise((resolve) => setTimeout(resolve, 2));
      return Date.now();
    }`, "[data-testid=campaign-tickets], [data-testid=variant-default]");
    return ready - began;
  } finally {
    await session?.stop().catch(() => {});
    await driver.stop();
  }
}

function largeCampaign(home) {
  const rows = Array.from({ length: CASES }, (_, n) =>
    JSON.stringify({ id: `ticket-${n}`, input: `Ticket ${n}: writes to /var fail, the disk is full.`, expected: "storage" }));
  writeFileSync(join(home.workspace, "datasets/bench.jsonl"), rows.join("\n"));
  for (const name of VARIANTS) {
    writeFileSync(join(home.workspace, `variants/${name}.yaml`),
      `provider: builtin\nmodel: lexical-1\nsystem_prompt: "${name}: choose one of storage, network. Answer with the label only."\n`);
  }
  writeFileSync(join(home.workspace, "campaigns/bench.yaml"),
    `dataset: datasets/bench.jsonl\nvariants: [${VARIANTS.join(", ")}]\nparallel: 16\nscorers: [{type: exact, value: "{{ expected }}"}]\n`);
  home.cli("run", "bench", "--json");
}

/** A triage test as large as may be asked for. */
function largeTriage(home) {
  home.environment.ENABLE_ABTESTS = "true";
  const begin = Date.parse("2026-11-02T00:00:00Z");
  const rows = Array.from({ length: 200 }, (_, n) => JSON.stringify({
    id: `n${n}`, title: `News number ${n}: a replica of the database fell behind`, source_type: "rss", source_id: `feed-${n % 4}`,
    published_at: new Date(begin + n * 3_000_000).toISOString(), body: "The disk was full, and the backup had not been tried. ".repeat(8),
  }));
  writeFileSync(join(home.workspace, "datasets/bench-news.jsonl"), rows.join("\n"));
  writeFileSync(join(home.workspace, "topics/bench.yaml"), "source: {file: datasets/bench-news.jsonl}\n");
  const words = ["disk", "backup", "database", "replica", "number", "full", "behind", "tried"];
  const variants = words.map((word) => ({
    name: `cares-about-${word}`, provider: "builtin", model: "lexical-1", system_prompt: `Readers care about: ${word}`,
  }));
  const request = { topic: "bench", window_start: "2026-11-01", window_end: "2026-11-30", max_items: 200, variants };
  writeFileSync(join(home.workspace, "request.json"), JSON.stringify(request));
  const { run } = JSON.parse(home.cli("abtest", "create", "--file", join(home.workspace, "request.json"), "--json"));
  home.cli("abtest", "watch", String(run));
  return run;
}

/** The time for script, and for script with style and layout, of steps of `pixels`, each followed by a frame. */
function scroll(session, table, row, pixels) {
  return session.runAsync(`async (selector, row, pixels, steps) => {
    const table = document.querySelector(selector);
    const scroller = [table, ...table.querySelectorAll("*")].find((one) => one.scrollHeight > one.clientHeight + 1000);
    if (!scroller) throw new Error("nothing scrolls in " + selector);
    let [script, laidOut, slowest] = [0, 0, 0];
    for (let step = 0; step < steps; step += 1) {
      const begin = performance.now();
      scroller.scrollTop += pixels;
      scroller.dispatchEvent(new Event("scroll"));
      await null; await null; await null;
      script += performance.now() - begin;
      table.getBoundingClientRect();
      const whole = performance.now() - begin;
      laidOut += whole;
      slowest = Math.max(slowest, whole);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    const rows = table.querySelectorAll(row).length;
    return { script: script / steps, laidOut: laidOut / steps, slowest, rows, height: scroller.scrollHeight };
  }`, table, row, pixels, STEPS);
}

async function scrolling(home) {
  const driver = await startDriver(home.environment);
  let session;
  try {
    session = await Session.start(driver.url, binary, ["-C", home.workspace]);
    await session.click(id("place-campaigns"));
    await session.click(id("campaign-bench"));
    await session.click(id("run-1"));
    await session.click(id("tab-trials"));
    await session.shown(id("trial-row"));
    // A notch of a mouse wheel, and a whole page at once, where every row in sight is another one.
    for (const [what, pixels, most] of [["a scroll step of", 100, 8], ["  a page of", 600, undefined]]) {
      const { script, height } = await scroll(session, id("trial-table"), id("trial-row"), pixels);
      if (height < 1_000_000) throw new Error(`the list is only ${height} px high`);
      print(`${what} ${pixels} px in ${CASES * VARIANTS.length} rows: script`, script, "ms", most);
    }
  } finally {
    await session?.stop().catch(() => {});
    await driver.stop();
  }
}

async function scrollingTriage(home, run) {
  const driver = await startDriver(home.environment);
  let session;
  try {
    session = await Session.start(driver.url, binary, ["-C", home.workspace]);
    await session.click(id("place-campaigns"));
    await session.click(id("tab-triage"));
    await session.click(id(`triage-${run}`));
    await session.shown(id("item-row"));
    // At 60 frames a second a frame has 16.7 ms; drawing needs some of them.
    const { laidOut, slowest, height } = await scroll(session, id("triage-test"), id("item-row"), 100);
    if (height < 15_000) throw new Error(`the list is only ${height} px high`);
    print("a scroll step of 100 px in 200 items × 8 variants: script and layout", laidOut, "ms", 12);
    print("  the slowest", slowest, "ms");
  } finally {
    await session?.stop().catch(() => {});
    await driver.stop();
  }
}

async function starts(home) {
  const times = [];
  for (let n = 0; n < STARTS; n += 1) times.push(await start(home));
  print(`window ready with data, median of ${STARTS} starts`, median(times), "ms", 1500);
  print("  the slowest", Math.max(...times), "ms");
  largeCampaign(home);
  const large = [];
  for (let n = 0; n < 3; n += 1) large.push(await start(home));
  print("window ready with data, 100,000 trials in the workspace", median(large), "ms", 1500);
  await scrolling(home);
}

const wanted = process.argv.slice(2);
const screen = await startScreen(1280, 800);
const home = makeHome();
home.environment.DISPLAY = screen.display;
try {
  if (wanted.length === 0) await starts(home);
  await scrollingTriage(home, largeTriage(home));
} finally {
  home.remove();
  await screen.stop();
}
