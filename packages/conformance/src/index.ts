export { describeCrossing } from './transport/crossing-suite.ts'
export { describeBehindNginx, describeIntegration } from './integration/integration-suite.ts'
export type { IntegrationDriver, ServedIntegration } from './integration/rig/driver.ts'
export { describeSink } from './sink/sink-suite.ts'
export type { OpenedSink, SinkClient, SinkDriver } from './sink/driver.ts'
export { describeStore } from './store/store-suite.ts'
export type { StoreDriver } from './store/rig/driver.ts'
export { describeTransport } from './transport/transport-suite.ts'
export { RecordedReading } from './transport/rig/recorded-reading.ts'
export type {
  AttachAsked,
  NativeEvent,
  PollAnswer,
  ReadingOver,
  ServedTransport,
  ServeParts,
  TransportClient,
  TransportDriver,
  TransportReading,
  TransportStores,
} from './transport/rig/driver.ts'
export {
  GRPC_REFUSALS,
  HTTP_REFUSALS,
  type RefusalCode,
  TransportRefusal,
  WEBSOCKET_REFUSALS,
} from './transport/rig/refusal.ts'
