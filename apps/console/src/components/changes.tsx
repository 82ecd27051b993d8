interface ChangesProps {
  readonly diff: { readonly old: object | null; readonly new: object | null } | null;
  readonly changed: readonly string[];
}

/** The old and new values of an audit entry, side by side. */
export function Changes({ diff, changed }: ChangesProps) {
  if (diff === null && changed.length === 0) return null;
  const before = (diff?.old ?? {}) as Readonly<Record<string, unknown>>;
  const after = (diff?.new ?? {}) as Readonly<Record<string, unknown>>;
  const fields = [...new Set([...changed, ...Object.keys(before), ...Object.keys(after)])];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Changed fields">
      <table className="changes">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td className="before">{valueText(before, field)}</td>
              <td className="after">{valueText(after, field)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function valueText(values: Readonly<Record<string, unknown>>, field: string): string {
  if (!(field in values)) return '–';
  const value = values[field];
  return typeof value === 'string' ? value : JSON.stringify(value);
}
