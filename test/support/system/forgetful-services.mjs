import { Audit } from '@pikaia/audit';
import { Events } from '@pikaia/events';

/** Preloaded into an api of a test: it never publishes, or never records, as if the code forgot the call that PIKAIA_FORGOTTEN names. */
if (process.env['PIKAIA_FORGOTTEN'] === 'publish') Events.prototype.publish = async () => 'forgotten';
if (process.env['PIKAIA_FORGOTTEN'] === 'record') Audit.prototype.record = async () => true;
