import { api, read } from '../api/client.js';
import { ActionDialog } from './action-dialog.js';

interface CancelDialogProps {
  /** The id of the command that started the replay. */
  readonly id: string;
  readonly onClose: () => void;
}

/** Asks for the reason to cancel a replay. */
export const CancelDialog = ({ id, onClose }: CancelDialogProps) => (
  <ActionDialog
    title="Cancel the replay"
    effect="The replay ends at each sink that has not ended it. Events that are in flight are still delivered, and those that were sent stay sent."
    action="Cancel the replay"
    fields={{}}
    send={(body, header) =>
      read(api.POST('/api/v1/admin/outbox/commands/{id}/cancel', { params: { path: { id }, header }, body }))
    }
    onClose={onClose}
  />
);
