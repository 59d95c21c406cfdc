// What the stations on the npm package `ocpp-rpc` share: the socket in strict mode, the journal, the judge.
//
// A station prints one JSON object per step on standard output, for the test that drives it. It exits with 0 only when its
// whole life went by the rules: the package's strict mode holds every request and response, in both directions, against
// the JSON schemas that it brings along.

import ocpp from 'ocpp-rpc';

// How long a whole life may take; the test gives up a little later.
const LIFE_MAX_MS = 120_000;

// What a station is told on its command line.
const [endpoint, identity, password, goodToken, blockedToken] = process.argv.slice(2);
export const orders = { goodToken, blockedToken };

// Tells the driving test that something happened.
export function step(name, facts = {}) {
  console.log(JSON.stringify({ step: name, ...facts }));
}

// Returns the time as OCPP writes it.
export function now() {
  return new Date().toISOString();
}

// Ends the program: the other side broke a rule, or this one did.
function fail(reason) {
  console.error(reason);
  process.exit(1);
}

// Connects once, lives the given life, and disconnects. `commands` maps an action to a function that takes the request and
// returns the response; what it leaves to be done after the answer it hands to `later`.
export async function visit(protocol, commands, life) {
  const client = new ocpp.RPCClient({ endpoint, identity, password, protocols: [protocol], strictMode: true, reconnect: false });
  client.on('strictValidationFailure', ({ method, error, outbound }) =>
    fail(`${outbound ? 'sent' : 'got'} ${method}: ${error.message}: ${JSON.stringify(error.details)}`));
  client.on('badMessage', ({ buffer, error }) => fail(`got ${buffer}: ${error.message}`));
  for (const [action, command] of Object.entries(commands)) {
    client.handle(action, ({ params }) => {
      step('command', { action, request: params });
      return command(params);
    });
  }
  await client.connect();
  step('connected', { subprotocol: client.protocol });
  await life((action, request) => client.call(action, request));
  await client.close();
}

// Runs a chore once the answer that is being given has left.
export function later(chore) {
  setImmediate(() => chore().catch(fail));
}

// Lives the lives in turn and says how it went.
export async function main(lives) {
  const limit = setTimeout(() => fail(`still alive after ${LIFE_MAX_MS} ms`), LIFE_MAX_MS);
  await lives().catch(fail);
  clearTimeout(limit);
  step('done');
}
