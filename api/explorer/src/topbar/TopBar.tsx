import { useTexts } from '../language/language';
import { session } from '../session/session';
import { useStore } from '../state/store';
import icon from '../icon.svg';
import { DemoAccounts } from './DemoAccounts';
import { LanguageSwitch } from './LanguageSwitch';
import { SignedIn } from './SignedIn';
import { SignInForm } from './SignInForm';

export function TopBar() {
  const texts = useTexts();
  const current = useStore(session);
  return (
    <header className="topbar">
      <h1>
        <img src={icon} alt="" width="24" height="24" />
        <span>{texts.product}</span>
        <span className="topbar-page">{texts.page}</span>
      </h1>
      <div className="topbar-account">
        <DemoAccounts />
        {current ? <SignedIn session={current} /> : <SignInForm />}
      </div>
      <LanguageSwitch />
    </header>
  );
}
