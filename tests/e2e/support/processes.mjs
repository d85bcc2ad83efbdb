// Processes that the journeys need: a virtual screen and the WebDriver server. Each is ended with the test that started it.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** A virtual screen; resolves to its name (`:99`) and a way to end it. */
export async function startScreen(width = 1280, height = 800) {
  const child = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", `${width}x${height}x24`, "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const number = await firstLine(child.stdio[3], child, "Xvfb");
  return { display: `:${number}`, stop: () => end(child) };
}

/** WebKitWebDriver on a free port; resolves once it answers. */
export async function startDriver(environment) {
  const port = await freePort();
  const child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: environment,
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  await until("WebKitWebDriver answers", async () => {
    const answer = await fetch(`${url}/status`).catch(() => null);
    return answer?.ok === true;
  });
  return { url, stop: () => endGroup(child) };
}

/** Polls until `condition` holds; a value that is truthy is returned. Fails with what was waited for. */
export async function until(what, condition, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${milliseconds / 1000} s in vain: ${what}${last ? ` (last error: ${last.message})` : ""}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function firstLine(stream, child, name) {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.trim());
    });
    child.on("error", (error) => reject(new Error(`${name} can't be started: ${error.message}`)));
    child.on("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function end(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("exit", resolve);
    child.kill("SIGTERM");
  });
}

/** The driver's whole process group: the app that it started is in it. */
function endGroup(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("exit", resolve);
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      child.kill("SIGTERM");
    }
  });
}
