import { createSuiteApp } from '@sluice/conformance/integration-app'
import { sluiceHandlers } from '@sluice/next'

export const suite = (globalThis.suite ??= createSuiteApp())

export const streams = sluiceHandlers({
  sluice: () => suite.sluice,
  identify: (request) => suite.identify(request.headers.get('authorization')),
  runner: (body) => suite.ask(body).source,
  mount: '/v1',
})
