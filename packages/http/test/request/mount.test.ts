import { requireMount } from '@sluice/http'
import { expect, test } from 'vitest'

test.each([{}, { mount: '' }, { mount: '/v1' }, { mount: '/a/b', publicMount: 'https://a.example/b' }])(
  '%j',
  (mount) => {
    expect(() => requireMount(mount)).not.toThrow()
  },
)

test.each([{ mount: 'v1' }, { mount: '/' }, { mount: '/v1/' }, { mount: '/a?b' }, { publicMount: 'chat' }])(
  '%j is no place to be mounted at',
  (mount) => {
    expect(() => requireMount(mount)).toThrow(/"(mount|publicMount)"/)
  },
)
