// A real drag of files from another window onto the app's, by the mouse.
import { execFileSync, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./processes.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Drags the files onto the middle of the window. `over` is called while they hover. */
export async function dragOnto(app, paths, over = async () => {}) {
  // The system's Python has the GTK bindings; others on the PATH do not.
  const source = spawn("/usr/bin/python3", [join(here, "drag.py"), ...paths], {
    env: app.environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  source.stdout.on("data", (chunk) => (said += chunk));
  const mouse = (...args) => execFileSync("xdotool", args.map(String), { env: app.environment });
  try {
    await until("the window with the files is shown", () => said.includes("ready"));
    // The toolkit gives a drop up when the target has not answered the last move yet, as a busy machine may not have:
    // then, and only then, the drag is done again.
    for (let attempt = 1; ; attempt += 1) {
      said = "";
      await drag(mouse, over);
      await until("the drag has ended", () => said.includes("ended"));
      if (!said.includes("failed")) return;
      if (attempt === 3) throw new Error("the toolkit gave three drags up");
    }
  } finally {
    source.kill();
  }
}

async function drag(mouse, over) {
  mouse("mousemove", 30, 30, "mousedown", 1);
  // A drag begins after a few moves, and is seen by the target only while it moves over it.
  for (const at of [40, 55, 70]) mouse("mousemove", at, at, "sleep", 0.05);
  for (const at of [200, 400, 500, 520]) mouse("mousemove", at + 100, at - 100, "sleep", 0.05);
  await over();
  for (const at of [630, 635, 640]) mouse("mousemove", at, 420, "sleep", 0.1);
  mouse("sleep", 0.2, "mouseup", 1);
}
