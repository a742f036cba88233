import { useEffect, useState } from 'react';
import { useTexts } from '../language/language';
import { fetchDemoAccounts, type DemoAccount } from '../session/demo-accounts';
import { session, signIn } from '../session/session';
import { useStore } from '../state/store';

export function DemoAccounts() {
  const texts = useTexts();
  const current = useStore(session);
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    void fetchDemoAccounts().then(setAccounts);
  }, []);

  if (!accounts.length) return null;

  async function choose(name: string) {
    const account = accounts.find((each) => each.name === name);
    if (!account) return;
    setBusy(true);
    await signIn({ name: account.name, password: account.password }, account.role);
    setBusy(false);
  }

  const shown = accounts.find((account) => account.name === current?.login);
  return (
    <select
      className="demo-accounts"
      data-testid="demo-account"
      aria-label={texts.demoAccounts}
      title={shown?.description ?? texts.demoAccounts}
      value={shown?.name ?? ''}
      disabled={busy}
      onChange={(event) => void choose(event.target.value)}
    >
      <option value="" disabled>
        {texts.chooseDemoAccount}
      </option>
      {accounts.map((account) => (
        <option key={account.name} value={account.name} title={account.description}>
          {account.title}
        </option>
      ))}
    </select>
  );
}
