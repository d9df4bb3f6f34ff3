export { startGateway, type RunningGateway } from './serve/gateway.ts'
export { helpText, parseGatewayOptions } from './options/options.ts'
export {
  DEFAULT_GATEWAY_OPTIONS,
  type GatewayLimits,
  type GatewayOptions,
  type LogFormat,
  type LogLevel,
  type OnDisconnect,
} from './options/gateway-options.ts'
export { createDemoRunner } from './demo-runner/demo-runner.ts'
export { type RunningWorker, startWorker } from './serve/worker.ts'
