// What every journey does with the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./app.mjs";

export const id = (name) => `[data-testid="${name}"]`;

/** Counts violations of the content security policy from now on. */
export function watchPolicy(session) {
  return session.run(`() => {
    window.__violations = [];
    document.addEventListener("securitypolicyviolation", (e) =>
      window.__violations.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile));
  }`);
}

export async function assertNoViolation(session) {
  assert.deepEqual(await session.run("() => window.__violations"), [], "the content security policy was violated");
}

const axe = readFileSync(join(root, "ui/node_modules/axe-core/axe.min.js"), "utf8");

/** Fails when axe finds anything wrong with what is shown. */
export async function assertAccessible(session, where) {
  await session.inject(`${axe}; return true`);
  const violations = await session.runAsync(`() => axe.run(document, { resultTypes: ["violations"] })
    .then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 5).join(" | ")))`);
  assert.deepEqual(violations, [], `axe found violations in ${where}`);
}

/** Launches the shown campaign and waits for its end. */
export async function launchAndFinish(session, milliseconds = 90_000) {
  await session.click(id("launch"));
  await session.shown(id("run-view"));
  await session.textMatches(id("run-state"), /finished/i, milliseconds);
}
