import { useTexts } from '../language/language';
import { signOut } from '../session/session';
import type { Session } from '../session/signed-in';

export function SignedIn({ session }: { session: Session }) {
  const texts = useTexts();
  const roles = session.roles.map((role) => texts.roles[role] ?? role).join(', ');
  return (
    <div className="signed-in">
      <span
        className="signed-in-label"
        data-testid="signed-in"
        data-account={session.account.id}
        data-roles={session.roles.join(' ')}
        title={[session.account.name, roles].filter(Boolean).join(' · ')}
      >
        <strong>{session.account.name}</strong>
        {roles && <span className="signed-in-roles">{roles}</span>}
      </span>
      <button type="button" data-testid="sign-out" onClick={() => void signOut()}>
        {texts.signOut}
      </button>
    </div>
  );
}
