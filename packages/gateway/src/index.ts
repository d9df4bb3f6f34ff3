export { startGateway, type RunningGateway } from './serve/gateway.ts'
export { helpText, parseGatewayOptions } from './options/options.ts'
export {
  DEFAULT_GATEWAY_OPTIONS,
  type GatewayOptions,
  type LogLevel,
  type OnDisconnect,
} from './options/option-table.ts'
export { createDemoRunner } from './demo-runner/demo-runner.ts'
