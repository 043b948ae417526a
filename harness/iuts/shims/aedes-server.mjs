// Aedes is a library: this is its main program.
// node server.mjs HOST FOLDER-OF-CERTIFICATES TRANSPORT=PORT...
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { Aedes } from 'aedes'
import { WebSocketServer, createWebSocketStream } from 'ws'

const [host, folder, ...listeners] = process.argv.slice(2)
const broker = await Aedes.createBroker()
const secrets = () => ({
  cert: readFileSync(`${folder}/server.pem`),
  key: readFileSync(`${folder}/server.key`)
})

function overWebSocket (server) {
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'mqtt' })
  sockets.on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request))
  return server
}

const make = {
  tcp: () => net.createServer(broker.handle),
  tls: () => tls.createServer(secrets(), broker.handle),
  ws: () => overWebSocket(http.createServer()),
  wss: () => overWebSocket(https.createServer(secrets()))
}
for (const [transport, port] of listeners.map(listener => listener.split('='))) {
  await new Promise(resolve => make[transport]().listen(Number(port), host, resolve))
}
console.log('ready')
process.on('SIGTERM', () => process.exit(0))
