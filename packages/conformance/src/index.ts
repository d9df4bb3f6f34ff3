export { describeSink } from './sink-suite.ts'
export type { OpenedSink, SinkClient, SinkDriver } from './sink/driver.ts'
export { describeStore } from './store-suite.ts'
export type { StoreDriver } from './store/driver.ts'
