export { describeCrossing } from './crossing-suite.ts'
export { describeSink } from './sink-suite.ts'
export type { OpenedSink, SinkClient, SinkDriver } from './sink/driver.ts'
export { describeStore } from './store-suite.ts'
export type { StoreDriver } from './store/driver.ts'
export { describeTransport } from './transport-suite.ts'
export { RecordedReading } from './transport/recorded-reading.ts'
export type {
  AttachAsked,
  NativeEvent,
  ReadingOver,
  ServedTransport,
  ServeParts,
  TransportClient,
  TransportDriver,
  TransportReading,
  TransportStores,
} from './transport/driver.ts'
export {
  GRPC_REFUSALS,
  HTTP_REFUSALS,
  type RefusalCode,
  TransportRefusal,
  WEBSOCKET_REFUSALS,
} from './transport/refusal.ts'
