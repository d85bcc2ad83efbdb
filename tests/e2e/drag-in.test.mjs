// Dragging files in: a good one, one whose name is taken, and a broken one.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openApp } from "./support/app.mjs";
import { dragOnto } from "./support/drag.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

test("drag in a good, a clashing and a broken file", async () => {
  const app = await openApp();
  const { session, workspace, home } = app;
  const outside = join(home, "my files");
  mkdirSync(outside);
  const put = (name, text) => {
    writeFileSync(join(outside, name), text);
    return join(outside, name);
  };
  const variant = "provider: builtin\nmodel: lexical-1\nsystem_prompt: Sort tickets.\n";
  const paths = [
    put("gründlich.yaml", variant),
    put("default.yaml", `# mine\n${variant}`),
    put("broken.yaml", "model: [1, 2\nsystem_promt: x\n"),
  ];
  const theirs = readFileSync(join(workspace, "variants/default.yaml"));
  try {
    await watchPolicy(session);
    await session.click(id("place-variants"));
    await dragOnto(app, paths, () => session.shown(id("drop-veil")));
    await session.textMatches(id("import-gründlich.yaml"), /ready/i);
    await session.textMatches(id("import-default.yaml"), /taken/i);
    await session.textMatches(id("import-broken.yaml"), /:?\d/);
    await assertAccessible(session, "the import sheet");
    assert.ok(!existsSync(join(workspace, "variants/gründlich.yaml")), "nothing is written before Import");

    await session.click(id("choice-default.yaml-keep_both"));
    await session.click(id("import-confirm"));
    await until("the good file is there", () => existsSync(join(workspace, "variants/gründlich.yaml")));
    await until("the clashing file is there under a free name", () => existsSync(join(workspace, "variants/default-2.yaml")));
    assert.deepEqual(readFileSync(join(workspace, "variants/default.yaml")), theirs, "the old file is as it was");
    assert.ok(!existsSync(join(workspace, "variants/broken.yaml")), "the broken file is not imported");
    await session.shown(id("variant-gründlich"));
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
