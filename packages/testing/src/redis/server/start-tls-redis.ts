import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from './free-port.ts'
import { HOST } from './redis-run.ts'
import type { RedisServer } from './redis-server.ts'
import { startNode } from './start-redis-server.ts'
import { until } from './until.ts'

/** How a server with TLS asks for its clients, and what it is called. */
export interface TlsRedisOptions {
  /**
   * Whether clients must show a certificate of the same authority.
   * @defaultValue false
   */
  clientCertificates?: boolean | undefined
  /**
   * The name that its certificate is made out to, beside 127.0.0.1 unless that is `only`.
   * @defaultValue `localhost`
   */
  name?: string | { readonly only: string } | undefined
  /** What clients must authenticate with. */
  password?: string | undefined
  /** Whether it is the one node of a Cluster. */
  cluster?: boolean | undefined
}

/** A Redis that is reached with TLS on one port, and steered without it on another. */
export interface TlsRedis extends AsyncDisposable {
  readonly server: RedisServer
  /** `127.0.0.1:port`, where it speaks TLS. */
  readonly address: string
  readonly port: number
  /** Files in PEM: the authority, a client certificate that it has signed, and its key. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string }
}

/**
 * Starts a `redis-server` with TLS, and certificates of its own, made with `openssl`.
 *
 * @example
 * ```ts
 * await using redis = await startTlsRedis()
 * const client = new Redis({ port: redis.port, tls: { ca: (await import('node:fs')).readFileSync(redis.files.ca) } })
 * ```
 */
export async function startTlsRedis(options: TlsRedisOptions = {}): Promise<TlsRedis> {
  const { clientCertificates = false, name = 'localhost', password, cluster = false } = options
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'))
  const leave = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const names = typeof name === 'string' ? `DNS:${name},IP:${HOST}` : `DNS:${name.only}`
    await makeAuthority(folder)
    await Promise.all([sign(folder, 'server', names), sign(folder, 'client', 'DNS:client')])
    const port = await freePort(cluster)
    const file = (named: string): string => join(folder, named)
    const tls = {
      'tls-port': String(port),
      'tls-cert-file': file('server.pem'),
      'tls-key-file': file('server.key'),
      'tls-ca-cert-file': file('ca.pem'),
      'tls-auth-clients': clientCertificates ? 'yes' : 'no',
    }
    const more = Object.entries(tls).flatMap(([option, value]) => [`--${option}`, value])
    if (cluster) more.push('--cluster-enabled', 'yes', '--cluster-announce-ip', HOST, '--tls-cluster', 'yes')
    const server = await startNode({ password }, { more, withBus: cluster })
    if (cluster) {
      await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      await until('the cluster of one is complete', async () => {
        return String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok') || undefined
      })
    }
    return {
      server,
      port,
      address: `${HOST}:${port}`,
      files: { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') },
      async [Symbol.asyncDispose]() {
        await server.close()
        await leave()
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}

const DAYS = ['-days', '2']
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function openssl(folder: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('openssl', args, { cwd: folder })
}

async function makeAuthority(folder: string): Promise<void> {
  const subject = ['-subj', '/CN=an authority of tests', '-keyout', 'ca.key', '-out', 'ca.pem']
  await openssl(folder, 'req', '-x509', ...NEW_KEY, ...DAYS, ...subject)
}

async function sign(folder: string, who: string, names: string): Promise<void> {
  await writeFile(join(folder, `${who}.ext`), `subjectAltName=${names}`)
  await openssl(folder, 'req', ...NEW_KEY, '-subj', `/CN=${who}`, '-keyout', `${who}.key`, '-out', `${who}.csr`)
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', String(Buffer.from(who)[0]), '-extfile', `${who}.ext`]
  await openssl(folder, 'x509', '-req', '-in', `${who}.csr`, '-out', `${who}.pem`, ...DAYS, ...by)
}
