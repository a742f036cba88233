import { fetchRoles, schema } from '../graphql/roles';
import { post, readResult, type GraphQLResult } from '../graphql/transport';
import { currentTexts } from '../language/language';
import { tabStorage } from '../state/browser-storage';
import { notice } from '../state/notice';
import { createStore } from '../state/store';
import { SESSION_END, SESSION_REFRESH, SESSION_START, type TokenPayload } from './operations';
import { exclusively, onShared, share } from './sharing';
import type { Session } from './signed-in';

export interface Credentials {
  name: string;
  password: string;
}

const KEY = 'lianhu:session';
const LEAD = 60_000;
const RETRY = 30_000;

export const session = createStore<Session | null>(stored());

let timer: ReturnType<typeof setTimeout> | undefined;
let refreshing: Promise<boolean> | null = null;

export async function signIn(credentials: Credentials, knownRole?: string): Promise<boolean> {
  notice.set(null);
  const input = { ...credentials, device: 'Lianhu explorer' };
  let opened: Session | null = null;
  try {
    const response = await post({ query: SESSION_START, variables: { input } });
    const roles = knownRole ? [knownRole] : [];
    opened = await open(response, 'sessionStart', { login: credentials.name, roles });
  } catch {
    notice.set(currentTexts().serverUnreachable);
  }
  if (!opened) return false;
  const previous = session.get();
  keep(opened);
  if (previous) void end(previous);
  void addRoles();
  return true;
}

export async function signOut(): Promise<void> {
  const ended = session.get();
  notice.set(null);
  keep(null);
  if (!ended) return;
  share({ ended: ended.id });
  await end(ended);
}

/** The token for the next request, renewed first if it has run out while the computer slept. */
export async function currentToken(): Promise<string | null> {
  const current = session.get();
  if (current && current.expiresAt <= Date.now()) await refreshAfter(current.accessToken);
  return session.get()?.accessToken ?? null;
}

/** Replaces the given access token; answers whether there is a newer one to try. */
export function refreshAfter(accessToken: string): Promise<boolean> {
  refreshing ??= exclusively(() => refresh(accessToken)).finally(() => (refreshing = null));
  return refreshing;
}

async function refresh(accessToken: string): Promise<boolean> {
  const current = session.get();
  if (!current || current.accessToken !== accessToken) return current !== null;
  try {
    const input = { refreshToken: current.refreshToken };
    const response = await post({ query: SESSION_REFRESH, variables: { input } });
    const renewed = await open(response, 'sessionRefresh', current);
    if (session.get()?.id !== current.id) return session.get() !== null;
    if (renewed) {
      keep(renewed);
      share({ renewed });
    } else {
      keep(null);
      notice.set(currentTexts().sessionEnded);
    }
    return renewed !== null;
  } catch {
    // The network failed, not the session: keep it and try again.
    schedule(RETRY);
    return false;
  }
}

async function end(ended: Session): Promise<void> {
  try {
    const variables = { input: { refreshToken: ended.refreshToken } };
    await post({ query: SESSION_END, variables }, { token: ended.accessToken });
  } catch {
    // Signed out here all the same; the server's session runs out by itself.
  }
}

type Known = Pick<Session, 'login' | 'roles'>;

async function open(response: Response, field: string, { login, roles }: Known): Promise<Session | null> {
  const result = await readResult<Record<string, TokenPayload | null>>(response);
  const payload = result.data?.[field];
  if (!payload?.accessToken || !payload.refreshToken || !payload.session) {
    notice.set(refusal(result, payload));
    return null;
  }
  const receivedAt = Date.now();
  // The computer's clock may be wrong: only the time left by the server's own clock counts.
  const serverNow = Date.parse(response.headers.get('Date') ?? '') || receivedAt;
  const lifetime = Date.parse(payload.accessTokenExpiresAt ?? '') - serverNow;
  return {
    ...payload.session,
    login,
    roles,
    accessToken: payload.accessToken,
    refreshToken: payload.refreshToken,
    receivedAt,
    expiresAt: receivedAt + (Number.isFinite(lifetime) ? lifetime : 10 * LEAD),
  };
}

function refusal(result: GraphQLResult<unknown>, payload: TokenPayload | null | undefined): string {
  const errors = payload?.errors?.length ? payload.errors : (result.errors ?? []);
  return errors.map((error) => error.message).join(' ') || currentTexts().sessionEnded;
}

async function addRoles(): Promise<void> {
  const asked = session.get();
  if (!asked || asked.roles.length) return;
  const roles = await fetchRoles(asked.accessToken);
  const current = session.get();
  if (roles.length && current?.id === asked.id) keep({ ...current, roles });
}

function keep(value: Session | null): void {
  if (value) tabStorage.setItem(KEY, JSON.stringify(value));
  else tabStorage.removeItem(KEY);
  session.set(value);
  scheduleRefresh();
}

function stored(): Session | null {
  try {
    return JSON.parse(tabStorage.getItem(KEY) ?? 'null');
  } catch {
    return null;
  }
}

function scheduleRefresh(): void {
  const current = session.get();
  if (!current) return clearTimeout(timer);
  const lead = Math.min(LEAD, (current.expiresAt - current.receivedAt) / 2);
  schedule(current.expiresAt - lead - Date.now());
}

function schedule(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const current = session.get();
    if (current) void refreshAfter(current.accessToken);
  }, Math.max(delay, 1_000));
}

onShared((message) => {
  const current = session.get();
  if ('renewed' in message && message.renewed.id === current?.id) keep(message.renewed);
  if ('ended' in message && message.ended === current?.id) keep(null);
});

// Whoever signs in before the schema has come: the question for the roles depends on it.
schema.subscribe(() => void addRoles());

scheduleRefresh();
