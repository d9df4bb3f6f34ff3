export { createVirtualRuntime, type VirtualRuntime, type VirtualRuntimeOptions } from './runtime/virtual-runtime.ts'
export {
  createScheduledRuntime,
  type ScheduledRuntime,
  type ScheduledRuntimeOptions,
} from './runtime/scheduled-runtime.ts'
export { drainMicrotasks } from './runtime/drain-microtasks.ts'

export {
  createScriptedSource,
  type ScriptedSource,
  type ScriptedSourceOptions,
  type SourceShape,
} from './source/scripted-source.ts'
export type { SourceStep } from './source/source-steps.ts'

export {
  type CollectingSink,
  createCollectingSink,
  createFailingSink,
  createStallingSink,
  type FailingSink,
  type StallingSink,
} from './sink/sinks.ts'
export type { SinkRecord } from './sink/sink-ledger.ts'

export { hostileText, type HostileTextOptions } from './source/hostile-text.ts'
export { byteTokens, sourceItems, stringTokens, type TokenListOptions } from './source/source-items.ts'
export { sourceEvents, type SourceEventsOptions } from './source/source-events.ts'
export { lawfulPolicies, unlawfulPolicies } from './arbitrary/arbitrary-policies.ts'
export {
  type Reading,
  type ReadingEnd,
  readingScripts,
  type ReadingScriptOptions,
} from './arbitrary/reading-scripts.ts'
export { identifyAnswers, principals, verdictOnAnswer } from './arbitrary/identify-answers.ts'
export { check, RUNS, SEED } from './arbitrary/check.ts'

export { channelOf, expectedText, expectedTexts } from './source/expected-text.ts'
