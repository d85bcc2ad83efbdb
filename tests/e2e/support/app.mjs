// The real program in a real window, in a home of its own.
import { mkdtempSync, rmSync, mkdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startDriver, startScreen } from "./processes.mjs";
import { Session } from "./session.mjs";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const binary = process.env.BAKEOFF_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/bakeoff");

/** A home folder with a starter workspace in it; `files` (relative path → text) are put in or replace the starter's. */
export function makeHome() {
  const home = mkdtempSync(join(tmpdir(), "bakeoff-e2e-"));
  const workspace = join(home, "workspace");
  mkdirSync(workspace);
  const environment = {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    TZ: "UTC",
    HOME: home,
    XDG_DATA_HOME: join(home, "data"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_RUNTIME_DIR: home,
    BAKEOFF_CONFIG_DIR: join(home, "config/bakeoff"),
    TAURI_AUTOMATION: "true",
    TAURI_WEBVIEW_AUTOMATION: "true",
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    NO_AT_BRIDGE: "1",
  };
  const cli = (...args) =>
    execFileSync(binary, ["-C", workspace, ...args], { env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  cli("init", workspace);
  return { home, workspace, environment, cli, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Opens the window; call `close` at the end. `home` can be given to prepare it or to start a second time in it. */
export async function openApp({ width = 1280, height = 800, home = makeHome(), keepHome = false } = {}) {
  const closing = keepHome ? [] : [home.remove];
  const close = async () => {
    for (const step of closing.toReversed()) await step();
  };
  try {
    const screen = await startScreen(width, height);
    closing.push(screen.stop);
    const environment = { ...home.environment, DISPLAY: screen.display };
    const driver = await startDriver(environment);
    closing.push(driver.stop);
    const session = await Session.start(driver.url, binary, ["-C", home.workspace]);
    closing.push(() => session.stop().catch(() => {}));
    await session.shown("[data-testid=workspace-name]");
    return { ...home, session, environment, close };
  } catch (error) {
    await close();
    throw error;
  }
}
