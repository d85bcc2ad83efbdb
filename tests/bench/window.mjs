// How fast the window is: from the start of the program to its data, and a step of scrolling in 100,000 rows. It prints
// figures beside their targets; only what can't be measured makes it fail. BAKEOFF_BINARY names the release program.
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

/** The script time of steps of `pixels`, each followed by a frame. */
function scroll(session, pixels) {
  return session.runAsync(`async (pixels, steps) => {
    const table = document.querySelector('[data-testid="trial-table"]');
    const scroller = [table, ...table.querySelectorAll("*")].find((one) => one.scrollHeight > one.clientHeight + 1000);
    if (!scroller) throw new Error("nothing scrolls in the trial table");
    let script = 0;
    for (let step = 0; step < steps; step += 1) {
      const begin = performance.now();
      scroller.scrollTop += pixels;
      scroller.dispatchEvent(new Event("scroll"));
      await null; await null; await null;
      script += performance.now() - begin;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return { script: script / steps, rows: table.querySelectorAll('[data-testid="trial-row"]').length, height: scroller.scrollHeight };
  }`, pixels, STEPS);
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
      const { script, height } = await scroll(session, pixels);
      if (height < 1_000_000) throw new Error(`the list is only ${height} px high`);
      print(`${what} ${pixels} px in ${CASES * VARIANTS.length} rows: script`, script, "ms", most);
    }
  } finally {
    await session?.stop().catch(() => {});
    await driver.stop();
  }
}

const screen = await startScreen(1280, 800);
const home = makeHome();
home.environment.DISPLAY = screen.display;
try {
  const times = [];
  for (let n = 0; n < STARTS; n += 1) times.push(await start(home));
  print(`window ready with data, median of ${STARTS} starts`, median(times), "ms", 1500);
  print("  the slowest", Math.max(...times), "ms");
  largeCampaign(home);
  const large = [];
  for (let n = 0; n < 3; n += 1) large.push(await start(home));
  print("window ready with data, 100,000 trials in the workspace", median(large), "ms", 1500);
  await scrolling(home);
} finally {
  home.remove();
  await screen.stop();
}
