import { CopyButton } from './copyable.js';

/** A value as JSON that can be copied. Numbers that JavaScript would round are text in the api. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className="json">
      <CopyButton text={text} className="copy-json">
        Copy
      </CopyButton>
      {/* A scrollable region must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={label} role="region">
        {text}
      </pre>
    </div>
  );
}
