// A real drag of files from another window onto the app's, by the mouse.
import { execFileSync, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Drags the files onto the middle of the window. `over` is called while they hover. */
export async function dragOnto(app, paths, over = async () => {}) {
  // The system's Python has the GTK bindings; others on the PATH do not.
  const source = spawn("/usr/bin/python3", [join(here, "drag.py"), ...paths], {
    env: app.environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise((resolve, reject) => {
      source.stdout.on("data", resolve);
      source.on("exit", (code) => reject(new Error(`drag.py ended with ${code}`)));
    });
    const mouse = (...args) => execFileSync("xdotool", args.map(String), { env: app.environment });
    mouse("mousemove", 30, 30, "mousedown", 1);
    // A drag begins after a few moves, and is seen by the target only while it moves over it.
    for (const at of [40, 55, 70]) mouse("mousemove", at, at, "sleep", 0.05);
    for (const at of [200, 400, 500, 520]) mouse("mousemove", at + 100, at - 100, "sleep", 0.05);
    await over();
    mouse("mousemove", 640, 420, "sleep", 0.1, "mouseup", 1);
  } finally {
    source.kill();
  }
}
