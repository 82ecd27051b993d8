import { useEffect, useRef } from 'react';
import { isDay } from '../url/day.js';
import type { Filters } from '../url/filters.js';

export interface FilterField<Name extends string> {
  readonly name: Name;
  readonly label: string;
  /** The values to choose from. Without them, the field takes text. */
  readonly options?: readonly string[];
  /** A field for a day instead of text. */
  readonly type?: 'date';
}

/** The filters of a list. A change takes effect at once for a choice or a day, and with Enter or on leaving the field for text. */
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
      {fields.map(({ name, label, options, type }) => (
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
          ) : type === 'date' ? (
            <input
              type="date"
              value={isDay(filters[name]) ? filters[name] : ''}
              onChange={(event) => set(name, event.target.value)}
            />
          ) : (
            <TextField value={filters[name] ?? ''} onChange={(value) => set(name, value)} />
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

/** A change of `value` from elsewhere replaces the text. The focus stays in the field. */
function TextField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current!.value = value;
  }, [value]);
  return (
    <input
      ref={field}
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
