export type { NodeRequest } from './request/node-body.ts'
export { type NodeRequestOptions, toHttpRequest } from './request/node-request.ts'
export { sendPlan } from './response/node-plan.ts'
export type { NodeResponse } from '@sluice/sse/node'
