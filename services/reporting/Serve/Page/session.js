// Who looks at the page. The session itself stands in a cookie that no script can read; the access token lives in memory only and is renewed before
// it runs out. An admin key, the other way in, stays in this tab.

const path = "/api/v1/session";
let timer;

export const session = {
  /** {token} or {key}: the first message of the socket. Null while signed out. */
  credential: null,

  /** User, site, role and sites of a signed-in person. */
  description: null,

  /** Called with each new token. */
  onToken: () => {},

  /** True if there is a session, or a key in this tab. */
  async resume() {
    const key = sessionStorage.getItem("key");
    if (key) this.credential = { key };
    return this.credential !== null || await this.renew();
  },

  /** Null, or why it did not work. */
  async signIn(email, password) {
    const answer = await ask("POST", "", { email, password });
    if (!answer) return "The platform cannot be reached.";
    if (!answer.ok) return answer.body.detail ?? "Signing in failed.";
    take(answer.body);
    return null;
  },

  useKey(key) {
    sessionStorage.setItem("key", key);
    this.description = null;
    this.credential = { key };
  },

  /** A new token, of another site if one is named; false if the session is over. */
  async renew(site) {
    if (this.credential?.key) return false;
    const answer = await ask("POST", "/refresh", site ? { site } : undefined);
    if (answer?.ok) take(answer.body);
    return answer?.ok ?? false;
  },

  async end() {
    const isPerson = !this.credential?.key;
    this.forget();
    if (isPerson) await ask("DELETE", "");
  },

  forget() {
    clearTimeout(timer);
    sessionStorage.removeItem("key");
    this.credential = this.description = null;
  },

  /** How one can sign in: {password, oidc?}. */
  async methods() {
    return (await ask("GET", "/methods"))?.body ?? {};
  },
};

function take(body) {
  sessionStorage.removeItem("key");
  session.description = body;
  session.credential = { token: body.access_token };
  session.onToken(body.access_token);
  clearTimeout(timer);
  timer = setTimeout(() => session.renew(), body.expires_in * 700);
}

async function ask(method, rest, body) {
  try {
    const headers = body ? { "content-type": "application/json" } : {};
    const response = await fetch(path + rest, { method, headers, body: body && JSON.stringify(body) });
    return { ok: response.ok, body: response.status === 204 ? {} : await response.json() };
  } catch {
    return null;
  }
}
