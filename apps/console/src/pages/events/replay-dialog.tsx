import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { api, read } from '../../api/client.js';
import { MAX_RATE } from '../../api/limits.js';
import { ActionDialog } from '../../components/action-dialog.js';
import { ProblemState } from '../../components/problem.js';
import { Loading } from '../../components/states.js';
import { previewText, type PreviewedSink, type ReplayFilter } from './replay-selection.js';
import '../../styles/events.css';

interface ReplayDialogProps {
  /** Such as `Replay 3 selected events`. */
  readonly title: string;
  readonly filter: ReplayFilter;
  /** The id of the only event, about which the audit entry then is. The filter names it. */
  readonly eventId?: string | undefined;
  /** The sink that is chosen at first. Without it, every sink is. */
  readonly sink?: string | undefined;
  readonly onStarted?: () => void;
  readonly onClose: () => void;
}

/** Shows what a replay would do, asks for sink, rate and reason, and starts it. */
export function ReplayDialog({ title, filter, eventId, sink: firstSink = '', onStarted, onClose }: ReplayDialogProps) {
  const [sink, setSink] = useState(firstSink);
  const [rate, setRate] = useState('');
  const preview = useQuery({
    queryKey: ['replay-preview', filter],
    queryFn: ({ signal }) => read(api.POST('/api/v1/admin/events/replay/preview', { body: { filter }, signal })),
    refetchOnWindowFocus: false,
    gcTime: 0, // a dialog that is opened again shows no old count
  });
  const previewed = preview.data?.sinks.map(({ sink: name }) => name) ?? [];
  const sinks = firstSink === '' || previewed.includes(firstSink) ? previewed : [...previewed, firstSink];
  const chosen = preview.data?.sinks.filter(({ sink: name }) => sink === '' || name === sink);
  const rateProblem = problemWithRate(rate);
  return (
    <ActionDialog
      title={title}
      effect="Each sink gets the events that it received once more, and retries those that failed there. Consumers handle them again."
      action="Replay"
      problem={preview.error ? 'The events could not be counted.' : (problemWith(chosen) ?? rateProblem)}
      fields={{
        ...(sink !== '' && { sink }),
        ...(rate.trim() !== '' && rateProblem === undefined && { rate: Number(rate) }),
      }}
      send={async ({ rate: chosenRate, ...body }, header) => {
        const command = await read(
          eventId === undefined
            ? api.POST('/api/v1/admin/events/replay', {
                body: { ...body, filter, dry_run: false, ...(chosenRate !== undefined && { rate: chosenRate }) },
                params: { header },
              })
            : api.POST('/api/v1/admin/events/{id}/replay', { body, params: { path: { id: eventId }, header } }),
        );
        onStarted?.();
        return command;
      }}
      onClose={onClose}
    >
      {preview.error ? <ProblemState error={preview.error} onRetry={() => void preview.refetch()} /> : <Preview sinks={chosen} />}
      {preview.data && (
        <label>
          Sink
          <select value={sink} onChange={(event) => setSink(event.target.value)}>
            <option value="">every sink</option>
            {sinks.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {eventId === undefined && <RateField value={rate} problem={rateProblem} onChange={setRate} />}
    </ActionDialog>
  );
}

function problemWith(sinks: readonly PreviewedSink[] | undefined): string | undefined {
  if (!sinks) return 'The events are being counted.';
  return sinks.some(({ matched, is_capped: isCapped }) => matched > 0 || isCapped)
    ? undefined
    : 'Nothing would be sent: no sink has received or failed these events.';
}

const problemWithRate = (text: string): string | undefined =>
  text.trim() === '' || (/^\d{1,6}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= MAX_RATE)
    ? undefined
    : `The rate must be a whole number from 1 to ${MAX_RATE.toLocaleString()}.`;

const Preview = ({ sinks }: { readonly sinks: readonly PreviewedSink[] | undefined }) =>
  sinks ? (
    <ul className="preview" aria-label="Dry run">
      {sinks.map((sink) => (
        <li key={sink.sink}>
          <strong>{sink.sink}</strong>: {previewText(sink)}
        </li>
      ))}
    </ul>
  ) : (
    <Loading what="the dry run" />
  );

function RateField(props: {
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const hint = useId();
  return (
    <label>
      Events per second at each sink
      <input
        inputMode="numeric"
        autoComplete="off"
        value={props.value}
        aria-invalid={props.problem !== undefined}
        aria-describedby={hint}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <span id={hint} className="hint">
        From 1 to {MAX_RATE.toLocaleString()}. Empty: as fast as each sink accepts them.
      </span>
    </label>
  );
}
