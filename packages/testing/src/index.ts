export { createVirtualRuntime, type VirtualRuntime, type VirtualRuntimeOptions } from './virtual-runtime.ts'
export { createScheduledRuntime, type ScheduledRuntime, type ScheduledRuntimeOptions } from './scheduled-runtime.ts'
export { drainMicrotasks } from './drain-microtasks.ts'

export {
  createScriptedSource,
  type ScriptedSource,
  type ScriptedSourceOptions,
  type SourceShape,
} from './scripted-source.ts'
export type { SourceStep } from './source-steps.ts'

export {
  type CollectingSink,
  createCollectingSink,
  createFailingSink,
  createStallingSink,
  type FailingSink,
  type StallingSink,
} from './sinks.ts'
export type { SinkRecord } from './sink-ledger.ts'

export { hostileText, type HostileTextOptions } from './hostile-text.ts'
export { byteTokens, sourceItems, stringTokens, type TokenListOptions } from './source-items.ts'
export { sourceEvents, type SourceEventsOptions } from './source-events.ts'
export { lawfulPolicies, unlawfulPolicies } from './arbitrary-policies.ts'
export { type Reading, type ReadingEnd, readingScripts, type ReadingScriptOptions } from './reading-scripts.ts'
export { check, RUNS, SEED } from './check.ts'

export { channelOf, expectedText, expectedTexts } from './expected-text.ts'
