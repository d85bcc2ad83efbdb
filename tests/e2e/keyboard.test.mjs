// The palette by keyboard, the dark theme with axe on every place, and the theme on the second start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeHome, openApp } from "./support/app.mjs";
import { Key } from "./support/session.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

const theme = (session) => session.run("() => getComputedStyle(document.body).backgroundColor");

test("palette, dark theme and second start", async () => {
  const home = makeHome();
  home.cli("run", "tickets", "--parallel", "100");
  let app = await openApp({ home, keepHome: true });
  try {
    const { session } = app;
    await watchPolicy(session);
    const light = await theme(session);
    await session.click(id("place-settings"));
    await session.click(id("theme-dark"));
    await until("the window is dark", async () => (await theme(session)) !== light);
    for (const place of ["variants", "campaigns", "compare", "settings"]) {
      await session.click(id(`place-${place}`));
      await session.shown(id(`view-${place}`));
      await assertAccessible(session, `${place}, dark`);
    }

    await session.press(Key.control, "k");
    await session.shown(id("palette-input"));
    await session.typeKeys("definitions");
    await session.shown(`${id("palette")} [role=option][aria-selected=true]`);
    await assertAccessible(session, "the palette");
    await session.press(Key.enter);
    await session.shown(id("code-editor"));
    await assertNoViolation(session);
    const dark = await theme(session);
    await app.close();

    app = await openApp({ home });
    await until("the second start is dark too", async () => (await theme(app.session)) === dark);
    assert.notEqual(dark, light);
  } finally {
    await app.close();
  }
});
