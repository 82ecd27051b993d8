import { useId } from 'react';

interface ActionButtonProps {
  readonly children: string;
  /** Names the action with its object, where several buttons have the same text. */
  readonly label?: string;
  /** Why the person cannot use the button. It stays in the tab order, so that the reason can be read. */
  readonly disabledBecause?: string | undefined;
  readonly onClick: () => void;
}

/**
 * A button that opens the dialog of an action, or is disabled with the reason, which is shown on hover and focus. It is the same element
 * in both cases, so it keeps the focus when that changes.
 */
export function ActionButton({ children, label, disabledBecause, onClick }: ActionButtonProps) {
  const id = useId();
  const isDisabled = disabledBecause !== undefined;
  return (
    <span className="action-button">
      <button
        type="button"
        aria-label={label}
        aria-disabled={isDisabled || undefined}
        aria-describedby={isDisabled ? id : undefined}
        title={disabledBecause}
        onClick={isDisabled ? undefined : onClick}
      >
        {children}
      </button>
      {isDisabled && (
        <span id={id} role="tooltip">
          {disabledBecause}
        </span>
      )}
    </span>
  );
}
