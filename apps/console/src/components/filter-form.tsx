import { useEffect, useId, useRef, useState } from 'react';
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

/** A form with more fields is folded on a narrow screen. */
const MAX_UNFOLDED = 3;

/** The filters of a list. A change takes effect at once for a choice or a day, and with Enter or on leaving the field for text. */
export function FilterForm<Name extends string>(props: {
  readonly label: string;
  readonly fields: readonly FilterField<Name>[];
  readonly filters: Filters<Name>;
  readonly onChange: (changed: Filters<Name>) => void;
}) {
  const { fields, filters, onChange } = props;
  const set = (name: Name, value: string): void => onChange({ [name]: value } as Filters<Name>);
  const used = fields.filter(({ name }) => filters[name] !== undefined).length;
  const [isOpen, setOpen] = useState(used > 0 || fields.length <= MAX_UNFOLDED);
  const id = useId();
  return (
    <>
      {fields.length > MAX_UNFOLDED && (
        <button type="button" className="unfold" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
          Filters{used > 0 && ` (${used})`}
        </button>
      )}
      <form
        id={id}
        className={isOpen ? 'filters' : 'filters folded'}
        aria-label={props.label}
        onSubmit={(event) => event.preventDefault()}
      >
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
        {used > 0 && (
          <button
            type="button"
            onClick={() => onChange(Object.fromEntries(fields.map(({ name }) => [name, ''])) as Filters<Name>)}
          >
            Clear filters
          </button>
        )}
      </form>
    </>
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
