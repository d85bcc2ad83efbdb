/** The HTTP API in the fake backend. */
import type { Backend, HttpState } from '$lib/backend/types';
import { fail } from './files';
import { FakeLab } from './lab';

const TOKEN = 'bk_5f2e8b0c9d7a4e1fb3c6';

export abstract class FakeHttp extends FakeLab {
  #http: HttpState = { running: false, address: null, token: null };

  httpState = async () => this.#http;
  startHttp: Backend['startHttp'] = async (port) => {
    if (port === 80)
      fail('unavailable', 'Port 80 can’t be opened: permission denied.', 'Choose another port.');
    this.#http = { running: true, address: `http://127.0.0.1:${port ?? 8765}`, token: TOKEN };
    const shown = this.#http;
    this.#http = { ...shown, token: null };
    return shown;
  };
  stopHttp: Backend['stopHttp'] = async () => {
    this.#http = { running: false, address: null, token: null };
    return this.#http;
  };
}
