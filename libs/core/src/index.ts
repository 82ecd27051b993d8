import 'reflect-metadata';

export { firstBrokenRule } from './broken-rule.js';
export { systemClock, type Clock } from './clock/clock.js';
export {
  canonicalAddress,
  clientNetwork,
  findClientAddress,
  parseTrustedProxies,
  type TrustedProxies,
} from './context/client-address.js';
export {
  context,
  inCallerContext,
  type Actor,
  type ContextScope,
  type ContextSnapshot,
  type EventInfo,
  type RequestInfo,
} from './context/context.js';
export { ContextSlot } from './context/context-slot.js';
export { CORRELATION_HEADER, enterContextAtRequest, type RequestContext, type RequestObserver } from './context/http-context.js';
export { parseCorrelationHosts, type CorrelationHosts } from './context/correlation-hosts.js';
export { sendCorrelationId } from './context/outgoing-context.js';
export { RunInContext } from './context/run-in-context.decorator.js';
export type { TraceParent } from './context/trace-parent.js';
export { ConvertText } from './convert-text.js';
export { Description, descriptionOf } from './description.decorator.js';
export { parseDecimal, parseInteger } from './decimal.js';
export { PikaiaError } from './errors/pikaia.error.js';
export { eventTypeOf, setEventType } from './event-type.js';
export { findIdProblem, isId, newId, parseId } from './identifier.js';
export { IsTimestamp } from './is-timestamp.js';
export { isPresent, OptionalField } from './optional-field.js';
export { checkSigningKey, decodeCursor, encodeCursor, requireCursorKey } from './paging/cursor.js';
export { MAX_LISTED_BYTES, MAX_PAGE_BYTES, type Shortened } from './paging/page-limits.js';
export { redactText } from './redaction/redact-text.js';
export { isSecretListItem, isSecretProperty, redactValue } from './redaction/redact-value.js';
export { isSecretKey, REDACTED } from './redaction/secret-key.js';
export { MASKED, TextMask, withTextMask } from './redaction/text-mask.js';
export { requireModuleOptions } from './settings/module-options.js';
export { isProduction } from './settings/is-production.js';
export {
  describeSettings,
  loadSettings,
  Setting,
  SettingsError,
  type SettingDescription,
  type SettingsClass,
} from './settings/settings.js';
export { splitList } from './split-list.js';
export { IsText, TextRule, textProblem, type TextLength } from './text-rules.js';
export { IsVisibleText, trimText } from './visible-text.js';
