import { describeIntegration } from '@sluice/conformance'

import { runtimes, serveOn } from './rig/runtimes.ts'

describeIntegration('Hono on Bun', { serve: () => serveOn(runtimes.Bun) })
describeIntegration('Hono on Deno', { serve: () => serveOn(runtimes.Deno) })
describeIntegration('Hono in a Durable Object of workerd', {
  serve: () => serveOn(runtimes.workerd),
  noticesLeaving: 'by writing',
})
