import type { Session } from './signed-in';

type Message = { renewed: Session } | { ended: string };

// A duplicated browser tab starts with a copy of the session. Were both to use the same refresh token, the server
// would take the second use for theft and end the session, so the tabs tell each other and take turns.
const channel = new BroadcastChannel('lianhu:session');

export function share(message: Message): void {
  channel.postMessage(message);
}

export function onShared(listener: (message: Message) => void): void {
  channel.addEventListener('message', (event: MessageEvent<Message>) => listener(event.data));
}

export async function exclusively<T>(action: () => Promise<T>): Promise<T> {
  // Browsers offer locks only over HTTPS and on localhost.
  if (!navigator.locks) return action();
  return navigator.locks.request('lianhu:refresh', async () => {
    const result = await action();
    await delivered();
    return result;
  });
}

function delivered(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
