import type { Filters } from '../url/filters.js';

export interface FilterField<Name extends string> {
  readonly name: Name;
  readonly label: string;
  /** The values to choose from. Without them, the field takes text. */
  readonly options?: readonly string[];
}

/** The filters of a list. A change takes effect at once for a choice, and with Enter or on leaving the field for text. */
export function FilterForm<Name extends string>(props: {
  readonly label: string;
  readonly fields: readonly FilterField<Name>[];
  readonly filters: Filters<Name>;
  readonly onChange: (changed: Filters<Name>) => void;
}) {
  const { fields, filters, onChange } = props;
  const set = (name: Name, value: string): void => onChange({ [name]: value } as Filters<Name>);
  const isFiltered = fields.some(({ name }) => filters[name] !== undefined);
  return (
    <form className="filters" aria-label={props.label} onSubmit={(event) => event.preventDefault()}>
      {fields.map(({ name, label, options }) => (
        <label key={name}>
          <span>{label}</span>
          {options ? (
            <select value={filters[name] ?? ''} onChange={(event) => set(name, event.target.value)}>
              <option value="">any</option>
              {options.map((option) => (
                <option key={option} value={option}>
                  {option.replaceAll('_', ' ')}
                </option>
              ))}
            </select>
          ) : (
            <input
              key={filters[name] ?? ''} // a change from elsewhere replaces the text
              type="search"
              spellCheck={false}
              maxLength={200}
              defaultValue={filters[name] ?? ''}
              onBlur={(event) => set(name, event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter') set(name, event.currentTarget.value);
              }}
            />
          )}
        </label>
      ))}
      {isFiltered && (
        <button type="button" onClick={() => onChange(Object.fromEntries(fields.map(({ name }) => [name, ''])) as Filters<Name>)}>
          Clear filters
        </button>
      )}
    </form>
  );
}
