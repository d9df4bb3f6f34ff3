import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, untilProxyListens } from '@sluice/testing/proxy'
import { codeBlocks } from '../../../conformance/test/docs/code-blocks.ts'

/** A proxy that runs as `docs/deploying.md` sets it up. */
export interface DocumentedProxy extends AsyncDisposable {
  readonly url: string
}

/** What the document names and a test puts its own in place of. */
const PUBLIC_PORT = '8000'
const GATEWAY_PORT = '8080'
const PATIENCE = '60s'

interface Program {
  /** What runs in place of the one on PATH. */
  readonly variable: string
  /** The whole configuration around what the document shows. */
  whole(shown: string, folder: string): string
  command(file: string, folder: string): string[]
}

const PROGRAMS = {
  nginx: {
    variable: 'NGINX_PATH',
    whole: (shown, folder) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder};`)
      return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
        events {}
        http { access_log off; ${temporary.join(' ')}\n${shown} }`
    },
    command: (file, folder) => ['nginx', '-p', folder, '-c', file],
  },
  caddy: {
    variable: 'CADDY_PATH',
    whole: (shown) => `{\n\tadmin off\n}\n${shown}`,
    command: (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
  },
  haproxy: {
    variable: 'HAPROXY_PATH',
    whole: (shown) => shown,
    command: (file) => ['haproxy', '-db', '-f', file],
  },
} satisfies Record<string, Program>

export type ProxyName = keyof typeof PROGRAMS

const DOCUMENT = new URL('../../../../docs/deploying.md', import.meta.url)

/** The configuration of a proxy, as the document has it. */
export function documentedConfig(name: ProxyName): string {
  const blocks = codeBlocks(readFileSync(DOCUMENT, 'utf8'))
  const found = blocks.filter(({ language, role }) => language === name && role === 'run')
  if (found.length !== 1) throw new Error(`docs/deploying.md has ${found.length} configurations of ${name}, not one`)
  return found[0]!.text
}

/** Starts the proxy before `gatewayPort`; `patience` stands where the document has its minute. */
export async function startDocumentedProxy(
  name: ProxyName,
  gatewayPort: number,
  patience: string = PATIENCE,
): Promise<DocumentedProxy> {
  const { variable, whole, command }: Program = PROGRAMS[name]
  const folder = await mkdtemp(join(tmpdir(), `sluice-${name}-`))
  const port = await freePort()
  const shown = documentedConfig(name)
    .replaceAll(PUBLIC_PORT, String(port))
    .replaceAll(GATEWAY_PORT, String(gatewayPort))
    .replaceAll(PATIENCE, patience)
  const file = join(folder, `${name}.conf`)
  await writeFile(file, whole(shown, folder))
  const [program = name, ...args] = command(file, folder)
  const child = spawn(process.env[variable] ?? program, args, {
    env: {
      ...process.env,
      PATH: `${process.env.PATH}:/usr/sbin`,
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return untilProxyListens({ name, child, port, folder })
}
