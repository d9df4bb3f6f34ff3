export { type NodeRequest, type NodeRequestOptions, toHttpRequest } from './node-request.ts'
export { sendPlan } from './node-plan.ts'
export type { NodeResponse } from '@sluice/sse/node'
