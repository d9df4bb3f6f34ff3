export { freePort, type RunningProxy, type StartedProxy, untilProxyListens } from './proxy/proxy-process.ts'
export { startNginx } from './proxy/start-nginx.ts'
