import { useId } from 'react';

interface ActionButtonProps {
  readonly children: string;
  /** Names the action with its object, where several buttons have the same text. */
  readonly label?: string;
  /** Why the person cannot use the button. It stays in the tab order, so that the reason can be read. */
  readonly disabledBecause?: string | undefined;
  readonly onClick: () => void;
}

/** A button that opens the dialog of an action, or is disabled with the reason, which is shown on hover and focus. */
export function ActionButton({ children, label, disabledBecause, onClick }: ActionButtonProps) {
  const id = useId();
  if (disabledBecause === undefined)
    return (
      <button type="button" aria-label={label} onClick={onClick}>
        {children}
      </button>
    );
  return (
    <span className="disabled-action">
      <button type="button" aria-label={label} aria-disabled="true" aria-describedby={id} title={disabledBecause}>
        {children}
      </button>
      <span id={id} role="tooltip">
        {disabledBecause}
      </span>
    </span>
  );
}
