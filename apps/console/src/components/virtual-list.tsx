import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';

const MAX_PLAIN_ITEMS = 300;
const OVERSCAN = 12;

interface VirtualListProps<Item> {
  readonly items: readonly Item[];
  readonly label: string;
  readonly estimatedHeight: number;
  readonly keyOf: (item: Item) => string;
  readonly render: (item: Item, index: number) => ReactNode;
}

/**
 * A list of rows with any heights. Up to 300 rows are all in the page, so that the browser's search finds them. Of a longer list only the
 * visible rows are.
 */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  if (props.items.length > MAX_PLAIN_ITEMS) return <WindowedList {...props} />;
  return (
    <ol className="rows" aria-label={props.label}>
      {props.items.map((item, index) => (
        <li key={props.keyOf(item)}>{props.render(item, index)}</li>
      ))}
    </ol>
  );
}

function WindowedList<Item>({ items, label, estimatedHeight, keyOf, render }: VirtualListProps<Item>) {
  const list = useRef<HTMLOListElement>(null);
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
  return (
    <ol className="rows windowed" ref={list} aria-label={label} style={{ height: virtualizer.getTotalSize() }}>
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
