import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState, type ReactNode, type Ref } from 'react';

const MAX_PLAIN_ITEMS = 300;
const OVERSCAN = 12;

interface VirtualListProps<Item> {
  readonly items: readonly Item[];
  readonly label: string;
  readonly estimatedHeight: number;
  readonly keyOf: (item: Item) => string;
  readonly render: (item: Item, index: number) => ReactNode;
  readonly ref?: Ref<ListHandle>;
}

export interface ListHandle {
  /** The row that has the focus, or had it before it was scrolled away. -1 if there was none. */
  focusedIndex(): number;
  /** Scrolls to a row and moves the focus to its first button. */
  focus(index: number): void;
}

const focusRow = (list: HTMLElement, index: number): boolean => {
  const button = list.querySelector<HTMLElement>(`:scope > [data-index="${index}"] button`);
  button?.focus();
  return button !== null;
};

/**
 * A list of rows with any heights. Up to 300 rows are all in the page, so that the browser's search finds them. Of a longer list only the
 * visible rows are.
 */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  return props.items.length > MAX_PLAIN_ITEMS ? <WindowedList {...props} /> : <PlainList {...props} />;
}

function PlainList<Item>({ items, label, keyOf, render, ref }: VirtualListProps<Item>) {
  const list = useRef<HTMLOListElement>(null);
  const rememberFocus = useListHandle(ref, (index) => focusRow(list.current!, index));
  return (
    <ol className="rows" ref={list} aria-label={label} onFocus={rememberFocus}>
      {items.map((item, index) => (
        <li key={keyOf(item)} data-index={index}>
          {render(item, index)}
        </li>
      ))}
    </ol>
  );
}

/** Provides the handle of a list, and returns the listener that remembers which row has the focus. */
function useListHandle(ref: Ref<ListHandle> | undefined, focus: (index: number) => void) {
  const focused = useRef(-1);
  useImperativeHandle(ref, () => ({ focusedIndex: () => focused.current, focus }));
  return ({ target }: { readonly target: HTMLElement }): void => {
    focused.current = Number(target.closest<HTMLElement>('[data-index]')?.dataset['index'] ?? -1);
  };
}

function WindowedList<Item>({ items, label, estimatedHeight, keyOf, render, ref }: VirtualListProps<Item>) {
  const list = useRef<HTMLOListElement>(null);
  const pendingFocus = useRef<number>(undefined);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const update = (): void => setTop(list.current!.getBoundingClientRect().top + window.scrollY);
    update();
    window.addEventListener('resize', update);
    return () => window.removeEventListener('resize', update);
  }, [items.length]);
  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimatedHeight,
    overscan: OVERSCAN,
    scrollMargin: top,
    getItemKey: (index) => keyOf(items[index]!),
  });
  const rememberFocus = useListHandle(ref, (index) => {
    if (focusRow(list.current!, index)) return;
    pendingFocus.current = index;
    virtualizer.scrollToIndex(index, { align: 'center' });
  });
  useEffect(() => {
    // Scrolling renders the row.
    if (pendingFocus.current !== undefined && focusRow(list.current!, pendingFocus.current)) pendingFocus.current = undefined;
  });
  return (
    <ol
      className="rows windowed"
      ref={list}
      aria-label={label}
      onFocus={rememberFocus}
      style={{ height: virtualizer.getTotalSize() }}
    >
      {virtualizer.getVirtualItems().map(({ key, index, start }) => (
        <li
          key={key}
          ref={virtualizer.measureElement}
          data-index={index}
          aria-setsize={items.length}
          aria-posinset={index + 1}
          style={{ transform: `translateY(${start - top}px)` }}
        >
          {render(items[index]!, index)}
        </li>
      ))}
    </ol>
  );
}
