import { describe, expect, test } from 'vitest'
import { proxyEnvironment } from '../../src/upstream/agents.ts'

describe('the proxy that the environment names', () => {
  const PROXY = 'http://proxy:3128'
  test.each([
    ['http://llm.internal/v1', { HTTP_PROXY: PROXY }, { HTTP_PROXY: PROXY }],
    ['http://llm.internal/v1', { http_proxy: PROXY, NO_PROXY: '' }, { HTTP_PROXY: PROXY }],
    ['http://llm.internal/v1', { HTTP_PROXY: 'http://other', http_proxy: PROXY }, { HTTP_PROXY: PROXY }],
    [
      'https://llm.internal/v1',
      { https_proxy: PROXY, no_proxy: 'x', NODE_USE_ENV_PROXY: '1' },
      { HTTPS_PROXY: PROXY, NO_PROXY: 'x' },
    ],
    ['http://llm.internal/v1', { NO_PROXY: 'x' }, undefined],
    ['http://llm.internal/v1', { HTTP_PROXY: PROXY, NODE_USE_ENV_PROXY: '0' }, undefined],
    ['http://llm.internal/v1', {}, undefined],
    ['http://127.0.0.1:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://[::1]:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://localhost:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://localhost:8000/v1', { HTTP_PROXY: PROXY, NODE_USE_ENV_PROXY: '1' }, { HTTP_PROXY: PROXY }],
  ])('%s with %j', (url, env, expected) => {
    expect(proxyEnvironment(new URL(url), env)).toEqual(expected)
  })
})
