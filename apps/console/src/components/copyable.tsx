import { useEffect, useState, type ReactNode } from 'react';
import { Link } from 'wouter';

const SHOWN_MS = 1_500;

/** A button that copies a text and says so. */
export function CopyButton(props: {
  readonly text: string | (() => string);
  /** For a button whose content is not text. */
  readonly label?: string;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (!outcome) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(typeof props.text === 'string' ? props.text : props.text());
      setOutcome('copied');
    } catch {
      setOutcome('failed'); // the browser denies it, for example without TLS
    }
  };
  return (
    <button
      type="button"
      className={props.className ?? 'copy'}
      aria-label={props.label}
      title={props.label}
      onClick={() => void copy()}
    >
      {outcome === undefined ? props.children : outcome === 'copied' ? 'Copied' : 'Not allowed'}
    </button>
  );
}

const CopyIcon = () => (
  <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" fill="none" stroke="currentColor" strokeWidth="1.3" />
    <path d="M3.5 10.5h-1v-8h8v1" fill="none" stroke="currentColor" strokeWidth="1.3" />
  </svg>
);

/** An id that can be copied, and a link if there is a page for it. */
export function CopyableId({ id, to }: { readonly id: string; readonly to?: string | undefined }) {
  return (
    <span className="id">
      {to === undefined ? (
        <code>{id}</code>
      ) : (
        <Link href={to}>
          <code>{id}</code>
        </Link>
      )}
      <CopyButton text={id} label={`Copy ${id}`}>
        <CopyIcon />
      </CopyButton>
    </span>
  );
}
