import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, type RunningProxy, untilProxyListens } from './proxy-process.ts'

/**
 * Starts a real nginx before a port of this machine, on a free port: with its defaults, and these further lines in its
 * `location`. The program is that of `NGINX_PATH`, or Debian's. Rejects where it ends before it listens.
 *
 * @example
 * ```ts
 * await using nginx = await startNginx(3000, ['gzip on;', 'gzip_types text/event-stream;'])
 * await fetch(nginx.url)
 * ```
 */
export async function startNginx(upstreamPort: number, location: readonly string[] = []): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`)
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${upstreamPort}; ${location.join(' ')} }
      }
    }`,
  )
  const program = process.env.NGINX_PATH ?? '/usr/sbin/nginx'
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' })
  return untilProxyListens({ name: 'nginx', child, port, folder })
}
