import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, untilProxyListens } from '@sluice/testing/proxy'

import type { Hop, HopKind } from './hop.ts'

const NGINX = process.env.NGINX_PATH ?? '/usr/sbin/nginx'
const HAPROXY = process.env.HAPROXY_PATH ?? '/usr/sbin/haproxy'

/** As `docs/deploying.md` has it, for a backend that does not say itself that nothing is to be buffered. */
const nginxConfig = (folder: string, port: number, backendPort: number): string => `
daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`).join(' ')}
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}`

const haproxyConfig = (_folder: string, port: number, backendPort: number): string => `
global
  maxconn 4096
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend public
  bind 127.0.0.1:${port}
  default_backend backends
backend backends
  server one 127.0.0.1:${backendPort}
`

interface Program {
  readonly name: string
  readonly program: string
  readonly config: (folder: string, port: number, backendPort: number) => string
  readonly args: (folder: string, config: string) => string[]
}

function proxy({ name, program, config, args }: Program): HopKind {
  return {
    name,
    missing: () => (existsSync(program) ? undefined : `no ${name} at ${program}`),
    async start(backendPort): Promise<Hop> {
      const folder = await mkdtemp(join(tmpdir(), `sluice-${name}-`))
      const port = await freePort()
      const file = join(folder, `${name}.conf`)
      await writeFile(file, config(folder, port, backendPort))
      const child = spawn(program, args(folder, file), { stdio: 'pipe' })
      const running = await untilProxyListens({ name, child, port, folder })
      return { port, pid: child.pid!, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() }
    },
  }
}

export const nginx: HopKind = proxy({
  name: 'nginx',
  program: NGINX,
  config: nginxConfig,
  args: (folder, config) => ['-p', folder, '-c', config],
})

export const haproxy: HopKind = proxy({
  name: 'HAProxy',
  program: HAPROXY,
  config: haproxyConfig,
  args: (_folder, config) => ['-db', '-f', config],
})
