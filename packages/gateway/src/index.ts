export { startGateway, type RunningGateway } from './gateway.ts'
export { helpText, parseGatewayOptions } from './options.ts'
export { DEFAULT_GATEWAY_OPTIONS, type GatewayOptions, type LogLevel, type OnDisconnect } from './option-table.ts'
export { createDemoRunner } from './demo-runner/demo-runner.ts'
