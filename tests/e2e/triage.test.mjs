// A triage test in the window: turned on, launched, watched, looked at side by side, every call listed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp } from "./support/app.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";

const SOON = 60_000;

test("the starter's triage test is turned on, run and looked at", async () => {
  const app = await openApp();
  const { session } = app;
  try {
    await watchPolicy(session);
    await session.click(id("place-campaigns"));
    await session.click(id("tab-triage"));
    await session.shown(id("triage-off"));
    await assertAccessible(session, "triage tests turned off");
    await session.click(id("turn-on"));
    await session.shown(id("new-triage"), SOON);
    await session.gone(id("triage-off"));

    await session.click(id("new-triage"));
    await session.shown(id("triage-new"));
    await session.shown(id("field-topic"));
    const topics = await session.run(`() => [...document.querySelectorAll('[data-testid="field-topic"] option')].map((one) => one.textContent)`);
    assert.ok(topics.some((topic) => topic.includes("operations")), `topics to choose from: ${topics}`);
    await assertAccessible(session, "a new triage test");
    await session.click(id("back-to-list"));

    await session.click(id("tab-campaigns"));
    await session.click(id("campaign-news-triage"));
    await session.textMatches(id("plan-trials"), /180/, SOON);
    await session.click(id("launch"));
    await session.shown(id("triage-test"), SOON);
    await session.textMatches(id("triage-state"), /completed/i, SOON);
    await session.shown(id("item-row"), SOON);
    await session.textMatches(id("triage-summary"), /interests/, SOON);
    await assertAccessible(session, "a triage test");

    await session.click(id("item-row"));
    await session.shown(id("item-drawer"));
    const told = await session.run(`() => document.querySelector('[data-testid="answers-table"]').textContent`);
    for (const variant of ["short", "interests", "exclusions"]) assert.ok(told.includes(variant), told);
    await assertAccessible(session, "an item side by side");
    await session.run(`() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))`);
    await session.gone(id("item-drawer"));
    await session.click(id("tab-calls"));
    await session.shown(id("call-row"), SOON);
    await session.click(id("back-to-list"));
    await session.textMatches(id("triage-1"), /operations/);
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
