export interface DemoAccount {
  role: string;
  title: string;
  name: string;
  password: string;
  description: string;
}

/** Only a demo server publishes its accounts; any other answers 404. */
export async function fetchDemoAccounts(): Promise<DemoAccount[]> {
  try {
    const response = await fetch('/explorer/accounts.json', { headers: { Accept: 'application/json' } });
    return response.status === 200 ? await response.json() : [];
  } catch {
    return [];
  }
}
