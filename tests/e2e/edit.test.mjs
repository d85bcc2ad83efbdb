// Editing a variant with an error, and mending it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openApp } from "./support/app.mjs";
import { Key } from "./support/session.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

test("edit a variant with an error and mend it", async () => {
  const app = await openApp();
  const { session, workspace } = app;
  const file = join(workspace, "variants/default.yaml");
  const before = readFileSync(file, "utf8");
  try {
    await watchPolicy(session);
    await session.click(id("place-variants"));
    await session.click(id("variant-default"));
    await session.click(id("code-editor"));
    await session.press(Key.control, Key.end);
    await session.typeKeys("\ntemperatur: 0.5");
    await session.textMatches(id("diagnostics"), /temperatur.*temperature/s);
    await session.shown(id("unsaved"));
    await assertAccessible(session, "the editor with an error");
    assert.equal(readFileSync(file, "utf8"), before, "nothing is written before Save");

    for (const _ of ": 0.5") await session.press(Key.backspace);
    await session.typeKeys("e: 0.5");
    await until("the finding is gone", async () => !/temperatur/.test((await session.run(
      `() => document.querySelector('[data-testid="diagnostics"]')?.innerText ?? ""`))));
    await session.press(Key.control, "s");
    await until("the file is saved", () => readFileSync(file, "utf8").endsWith("temperature: 0.5"));
    assert.ok(readFileSync(file, "utf8").startsWith(before.trimEnd()), "only the new line was added");

    writeFileSync(file, `# changed outside\n${before}`);
    await until("the outside change shows up", async () => /changed outside/.test((await session.run(
      `() => document.querySelector('[data-testid="code-editor"]').shadowRoot?.textContent
        ?? document.querySelector('[data-testid="code-editor"]').textContent`))));
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
