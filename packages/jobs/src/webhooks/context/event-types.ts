import { invalidOption } from '@sluice/core/extend'

/** Types of events that webhooks can ask for. */
export const WEBHOOK_EVENTS: readonly string[] = [
  'job.succeeded',
  'job.failed',
  'job.cancelled',
  'job.expired',
  'batch.completed',
  'batch.failed',
  'batch.cancelled',
  'batch.expired',
  'webhook.disabled',
]

/** What is sent to try a webhook, whatever it asks for. */
export const TEST_EVENT = 'webhook.test'
/** A webhook was switched off because of how its receiver answers. */
export const DISABLED_EVENT = 'webhook.disabled'

const DOTTED = /^[A-Za-z0-9_]{1,64}(\.[A-Za-z0-9_]{1,64}){1,7}$/

/** All types there are, with those of the application. @throws SluiceError `SLUICE_ERR_OPTION` */
export function knownEventTypes(own: readonly string[]): readonly string[] {
  if (!Array.isArray(own)) throw invalidOption('eventTypes', own, 'a list of dotted names')
  for (const type of own as unknown[]) {
    if (typeof type !== 'string' || !DOTTED.test(type))
      throw invalidOption('eventTypes', type, 'a dotted name of letters, digits and _, such as "report.ready"')
  }
  return [...new Set([...WEBHOOK_EVENTS, ...own])]
}

/** Whether a webhook that asks for `patterns` is sent events of `type`. */
export function asksFor(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => matches(pattern, type))
}

function matches(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))
}
