import { useState, type FormEvent } from 'react';
import { useTexts } from '../language/language';
import { signIn } from '../session/session';

export function SignInForm() {
  const texts = useTexts();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    await signIn({ name: String(fields.get('name')).trim(), password: String(fields.get('password')) });
    setBusy(false);
  }

  return (
    <form className="sign-in" data-testid="sign-in-form" method="post" onSubmit={submit}>
      <input
        name="name"
        data-testid="sign-in-name"
        aria-label={texts.name}
        placeholder={texts.name}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <input
        name="password"
        type="password"
        data-testid="sign-in-password"
        aria-label={texts.password}
        placeholder={texts.password}
        autoComplete="current-password"
        required
      />
      <button type="submit" className="primary" data-testid="sign-in-submit" disabled={busy}>
        {busy ? texts.signingIn : texts.signIn}
      </button>
    </form>
  );
}
