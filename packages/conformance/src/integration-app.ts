export {
  createSuiteApp,
  type SuiteApp,
  type SuiteAppOptions,
  type SuiteAsked,
  type SuiteReport,
  type SuiteScript,
} from './integration/rig/suite-app.ts'
