// What TypeDoc writes: every module that outsiders import, under the name they import it by.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application, Converter, ReflectionKind, makeRecursiveVisitor } from 'typedoc'

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url))
const { homepage } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** Name of each module by the file it is made from. */
const modules = new Map(
  readdirSync(PACKAGES).flatMap((folder) => {
    const { name, exports, private: isPrivate } = JSON.parse(readFileSync(`${PACKAGES}${folder}/package.json`, 'utf8'))
    if (isPrivate) return []
    const sources = Object.entries(exports).map(([path, target]) => [
      target['@sluice/source'],
      `${name}${path.slice(1)}`,
    ])
    return sources.filter(([file]) => file).map(([file, path]) => [`${PACKAGES}${folder}/${file.slice(2)}`, path])
  }),
)
/** Its files are generated from the proto, which has its comments. */
const GENERATED = '@sluice/grpc/v1'

/** TypeDoc names a module after its file. */
function nameModules(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const file = module.sources?.[0]?.fullFileName
      if (modules.has(file)) module.name = modules.get(file)
    }
  })
}

/** Types that exported ones speak of and that nobody outside has to name. A name that is not needed here any more is an error. */
const UNNAMED = new Set([
  'CLOSED',
  'CODES',
  'ConnectionTimes',
  'EventOptions',
  'SmallSet',
  'DemoRunner',
  'DemoRunnerOptions',
  'NodeRequest',
  'NodeResponse',
  'Message',
  'Name',
  'Maybe',
  'Text',
  'Report',
  'Wishes',
  'Target',
  'JsonObject',
])

/** A type of ours that an exported one speaks of is exported too. TypeDoc itself asks this within one package only. */
function requireExported(app) {
  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    const missing = new Map()
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      const reference = (type) => {
        const isOurs = type.package?.startsWith('@sluice/') && !type.refersToTypeParameter
        if (isOurs && !type.reflection) missing.set(type.qualifiedName, reflection)
      }
      reflection.type?.visit(makeRecursiveVisitor({ reference }))
    }
    for (const name of UNNAMED)
      if (!missing.delete(name)) app.logger.validationWarning(`UNNAMED has ${name} for nothing`)
    for (const [name, by] of missing) {
      app.logger.validationWarning(`${by.getFriendlyFullName()} speaks of ${name}, which is not exported`)
    }
  })
}

// oxlint-disable-next-line import/no-default-export -- TypeDoc asks for it
export default {
  name: 'sluice',
  plugin: [nameModules, requireExported],
  entryPoints: [...modules.keys()].filter((file) => modules.get(file) !== GENERATED),
  tsconfig: 'tsconfig.json',
  out: 'html',
  readme: 'none',
  includeVersion: true,
  // A clone may have no remote, or one that is a folder: a link into it leads nowhere.
  disableGit: true,
  basePath: fileURLToPath(new URL('../../', import.meta.url)),
  sourceLinkTemplate: `${homepage.replace('#readme', '')}/blob/main/{path}#L{line}`,
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
  packagesRequiringDocumentation: [...new Set([...modules.values()].map((name) => name.split('/', 2).join('/')))],
  requiredToBeDocumented: ['Enum', 'Variable', 'Function', 'Class', 'Interface', 'TypeAlias'],
}
