import { useEffect, useRef } from 'react';
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
            <FilterText value={filters[name] ?? ''} onChange={(value) => set(name, value)} />
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

function FilterText({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current!.value = value; // a link or "Clear filters" changed it
  }, [value]);
  return (
    <input
      ref={input}
      type="search"
      spellCheck={false}
      maxLength={200}
      defaultValue={value}
      onBlur={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onChange(event.currentTarget.value);
      }}
    />
  );
}
