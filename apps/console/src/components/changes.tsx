import { ABSENT, changeRows, isErased, valueText, type ChangeRow, type Diff } from './change-rows.js';
import '../styles/changes.css';

interface ChangesProps {
  /** Null if it is too large for a list. */
  readonly diff: Diff | null;
  readonly changed: readonly string[];
}

const SIGNS: Readonly<Record<ChangeRow['kind'], string>> = { added: '+', removed: '−', changed: '~', withheld: '~' };

/** The old and new values of an audit entry, side by side. */
export function Changes({ diff, changed }: ChangesProps) {
  if (diff === null)
    return changed.length > 0 && <p className="hint">{changed.join(', ')} changed. The values are too large for a list.</p>;
  const rows = changeRows(diff, changed);
  if (rows.length === 0) return <p className="hint">The action changed no field.</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Changed fields">
      <table className="changes">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Change</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ path, kind, before, after }) => (
            <tr key={path} className={kind}>
              <th scope="row">{path}</th>
              <td className="change-kind">
                <span aria-hidden="true">{SIGNS[kind]}</span> {kind === 'withheld' ? 'changed' : kind}
              </td>
              <td className="before">
                <Value value={before} isWithheld={kind === 'withheld'} />
              </td>
              <td className="after">
                <Value value={after} isWithheld={kind === 'withheld'} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const MAX_LENGTH = 300;
const MAX_LINES = 12;
const PREVIEW_LENGTH = 120;

function Value({ value, isWithheld }: { readonly value: unknown; readonly isWithheld: boolean }) {
  if (isWithheld) return <em title="The audit log never stores the value of this field.">not recorded</em>;
  if (value === ABSENT) return <em>absent</em>;
  if (value === null) return <em>null</em>;
  if (value === '') return <em>empty text</em>;
  if (isErased(value)) return <em title="The person to whom the value belonged was erased.">erased</em>;
  const text = valueText(value);
  if (text.length <= MAX_LENGTH && text.split('\n', MAX_LINES + 1).length <= MAX_LINES)
    return <span className="value">{text}</span>;
  return (
    <details>
      <summary>
        <span className="value">{text.slice(0, PREVIEW_LENGTH)} …</span>{' '}
        <span className="hint">{text.length.toLocaleString()} characters</span>
      </summary>
      <pre tabIndex={0} role="region" aria-label="the whole value">
        {text}
      </pre>
    </details>
  );
}
