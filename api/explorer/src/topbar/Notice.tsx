import { useTexts } from '../language/language';
import { notice } from '../state/notice';
import { useStore } from '../state/store';

export function Notice() {
  const texts = useTexts();
  const message = useStore(notice);
  if (!message) return null;
  return (
    <div className="notice" role="alert" data-testid="notice">
      <span>{message}</span>
      <button type="button" data-testid="notice-dismiss" aria-label={texts.dismiss} onClick={() => notice.set(null)}>
        ×
      </button>
    </div>
  );
}
