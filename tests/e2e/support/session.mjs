// A small WebDriver client (W3C protocol): only what the journeys use. No library knows WebKitGTK's options for apps.
import { until } from "./processes.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Keys that have no character of their own. */
export const Key = {
  enter: "\uE007", escape: "\uE00C", tab: "\uE004", up: "\uE013", down: "\uE015",
  control: "\uE009", shift: "\uE008", backspace: "\uE003", end: "\uE010", home: "\uE011",
};

export class Session {
  #url;

  constructor(url) {
    this.#url = url;
  }

  /** Starts the app `binary` and attaches to its window. */
  static async start(driverUrl, binary, args) {
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args } } };
    const value = await call("POST", `${driverUrl}/session`, { capabilities });
    const session = new Session(`${driverUrl}/session/${value.sessionId}`);
    await session.#post("timeouts", { script: 20_000, implicit: 0 });
    return session;
  }

  #post(path, body = {}) {
    return call("POST", `${this.#url}/${path}`, body);
  }

  stop() {
    return call("DELETE", this.#url);
  }

  /** Gives the window another size; without a window manager nobody else does. */
  resize(width, height) {
    return this.#post("window/rect", { x: 0, y: 0, width, height });
  }

  /** Runs a function in the page with JSON arguments. */
  run(script, ...args) {
    return this.#post("execute/sync", { script: `return (${script}).apply(null, arguments)`, args });
  }

  /** Runs an async function in the page. */
  runAsync(script, ...args) {
    const body = `const done = arguments[arguments.length - 1];
      (${script}).apply(null, Array.from(arguments).slice(0, -1)).then((v) => done({ v }), (e) => done({ e: String(e) }))`;
    return this.#post("execute/async", { script: body, args }).then(({ v, e }) => {
      if (e) throw new Error(e);
      return v;
    });
  }

  /** Runs a script given as text, such as a library. */
  inject(source) {
    return this.#post("execute/sync", { script: source, args: [] });
  }

  async find(selector) {
    const found = await this.#post("elements", { using: "css selector", value: selector });
    return found[0]?.[ELEMENT];
  }

  /** The element, once it is there and shown. (WebKit's own "displayed" calls cut-off text hidden.) */
  shown(selector, milliseconds) {
    return until(`${selector} is shown`, async () => {
      const isShown = await this.run(`(selector) => {
        const element = document.querySelector(selector);
        if (!element?.checkVisibility({ visibilityProperty: true })) return false;
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.height > 0;
      }`, selector);
      return isShown && this.find(selector);
    }, milliseconds);
  }

  gone(selector, milliseconds) {
    return until(`${selector} is gone`, async () => !(await this.find(selector)), milliseconds);
  }

  /** Clicks as a person would: waits until the element is shown, is enabled and nothing lies over it. */
  async click(selector) {
    await until(`${selector} takes a click`, async () => {
      const element = await this.shown(selector);
      const isReady = await this.run(`(selector) => {
        const element = document.querySelector(selector);
        if (!element || element.matches(":disabled, [aria-disabled=true]")) return false;
        element.scrollIntoView({ block: "nearest" });
        const box = element.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return top !== null && (element.contains(top) || top.contains(element) || top.control === element);
      }`, selector);
      if (!isReady) return false;
      await this.#post(`element/${element}/click`);
      return true;
    });
  }

  async text(selector) {
    await this.shown(selector);
    return this.run("(selector) => document.querySelector(selector)?.innerText ?? ''", selector);
  }

  /** Waits until the element's text matches. */
  textMatches(selector, pattern, milliseconds) {
    return until(`the text of ${selector} matches ${pattern}`, async () => {
      const text = await this.text(selector);
      if (!pattern.test(text)) throw new Error(`it is ${JSON.stringify(text.slice(0, 300))}`);
      return text || true;
    }, milliseconds);
  }

  async type(selector, text) {
    const element = await this.shown(selector);
    await this.#post(`element/${element}/value`, { text });
  }

  async clear(selector) {
    await this.#post(`element/${await this.shown(selector)}/clear`);
  }

  /** Chooses an option of a native list. */
  async choose(selector, value) {
    await until(`${selector} offers ${value}`, async () => {
      // An option in a closed list has no box of its own.
      const option = await this.find(`${selector} option[value="${value}"]`);
      await this.#post(`element/${option}/click`);
      return true;
    });
  }

  /** Presses keys, modifiers first: `press(Key.control, "k")`. */
  async press(...keys) {
    const actions = [
      ...keys.map((value) => ({ type: "keyDown", value })),
      ...keys.toReversed().map((value) => ({ type: "keyUp", value })),
    ];
    await this.#post("actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** Types text wherever the focus is. */
  async typeKeys(text) {
    const actions = [...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.#post("actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }
}

async function call(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: method === "POST" ? JSON.stringify(body) : undefined,
  });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${value?.error}: ${value?.message}`);
  return value;
}
